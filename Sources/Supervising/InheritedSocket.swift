public import Kernel

/// A listening socket that systemd opened and passed on.
public struct InheritedSocket: ~Copyable {
    /// The `FileDescriptorName=` of the socket unit; `unknown` when it has none.
    public let name: String
    let descriptor: Descriptor

    /// Takes ownership of the descriptor.
    public consuming func takeDescriptor() -> Descriptor { descriptor }
}
