import CSystemd
import Glibc
public import Kernel

/// A listening socket that systemd opened for us.
public struct InheritedSocket: ~Copyable {
    /// `FileDescriptorName=` of the socket unit; `unknown` when it has none.
    public let name: String
    /// The socket.
    let descriptor: Descriptor

    /// Hands over the socket itself.
    public consuming func takeDescriptor() -> Descriptor { descriptor }
}

/// The sockets that systemd handed over. The C function is `sd_listen_fds_with_names`.
public enum InheritedSockets {
    /// Takes them all and hands each to `body`. A second call finds none: the environment variables are removed, so
    /// that no child takes them for its own.
    public static func take<Failure: Error>(_ body: (consuming InheritedSocket) throws(Failure) -> Void) throws(Failure)
    {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(1, &list)
        guard count > 0 else { return }
        defer {
            for index in 0..<Int(count) { unsafe free(list?[index]) }
            unsafe free(list)
        }
        for index in 0..<Int(count) {
            let name = unsafe list?[index].map { unsafe String(cString: $0) } ?? "unknown"
            let descriptor = Descriptor(owning: SD_LISTEN_FDS_START + CInt(index))
            try body(InheritedSocket(name: name, descriptor: descriptor))
        }
    }
}
