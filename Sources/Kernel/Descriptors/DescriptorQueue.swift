import Glibc
public import SystemPackage

/// Holds open descriptors for another process: in the kernel, in the order in which they were sent, for as long as any
/// process has the receiving end open. The corresponding C functions are `socketpair`, `sendmsg` and `recvmsg` with
/// SCM_RIGHTS (`unix(7)`).
public struct DescriptorQueue: ~Copyable, Sendable {
    /// The most descriptors of one message (SCM_MAX_FD).
    public static let limit = 253

    /// The end that another process takes the messages from.
    public let receiver: Descriptor
    private let sender: Descriptor

    /// An empty queue.
    public init() throws(Errno) {
        var numbers: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        _ = try invoke(.socketpair) { unsafe socketpair(AF_UNIX, type, 0, &numbers) }
        let sender = Descriptor(owning: numbers[0])
        let receiver = Descriptor(owning: numbers[1])
        // Thousands of messages: the kernel counts some hundred bytes for each.
        try sender.set(SOL_SOCKET, SO_SNDBUF, 4 << 20)
        self.sender = sender
        self.receiver = receiver
    }

    /// Sends descriptors, ``limit`` at most. The sender keeps its own.
    ///
    /// - Parameter kind: says what they are.
    /// - Throws: `wouldBlock` when the queue is full; `tooManyReferences` when the processes of this user have sent more
    ///   descriptors than this process may have open, and nobody has received them.
    public func send(_ kind: UInt8, _ descriptors: ArraySlice<CInt> = []) throws(Errno) {
        precondition(descriptors.count <= Self.limit)
        var body = [kind, UInt8(descriptors.count)]
        var control = RightsMessage(descriptors).bytes
        let isEmpty = descriptors.isEmpty
        _ = try invoke(.sendmsg) {
            unsafe Self.withMessage(&body, &control) { message in
                if isEmpty { unsafe (message.msg_control, message.msg_controllen) = (nil, 0) }
                return unsafe sendmsg(sender.number, &message, CInt(MSG_NOSIGNAL))
            }
        }
    }

    /// Lays a message out for the kernel.
    private static func withMessage(
        _ body: inout [UInt8], _ control: inout [UInt8], _ call: (inout msghdr) -> Int
    ) -> Int {
        unsafe body.withUnsafeMutableBytes { body in
            unsafe control.withUnsafeMutableBytes { control in
                var piece = unsafe iovec(iov_base: body.baseAddress, iov_len: body.count)
                return unsafe withUnsafeMutablePointer(to: &piece) { piece in
                    var message = unsafe msghdr()
                    unsafe (message.msg_iov, message.msg_iovlen) = (piece, 1)
                    unsafe (message.msg_control, message.msg_controllen) = (control.baseAddress, control.count)
                    return unsafe call(&message)
                }
            }
        }
    }

    /// Gives up the receiving end in this process.
    ///
    /// - Returns: the sending end. A send through it fails when no process has the receiving end.
    public consuming func closeReceiver() -> Sender { Sender(descriptor: sender) }

    /// The sending end alone.
    public struct Sender: ~Copyable, Sendable {
        fileprivate let descriptor: Descriptor

        /// Sends a message without descriptors.
        ///
        /// - Returns: whether a process has the receiving end open.
        public func send(_ kind: UInt8) -> Bool { descriptor.send([kind, 0]) == .wrote(2) }
    }

    /// A message that was received.
    public struct Message: ~Copyable {
        /// As its sender named it.
        public let kind: UInt8
        /// How many descriptors were sent. Fewer have arrived when this process may not have so many open.
        public let sent: Int
        /// The descriptors, whose close-on-exec flags are set. The caller owns them.
        public let numbers: [CInt]
    }

    /// Takes the next message; nil when there is none.
    ///
    /// - Parameter receiver: the receiving end of a queue.
    public static func receive(from receiver: borrowing Descriptor) throws(Errno) -> Message? {
        var body: [UInt8] = [0, 0]
        var control = [UInt8](repeating: 0, count: RightsMessage.capacity)
        var length = 0
        let count: Int
        do throws(Errno) {
            count = try invoke(.recvmsg) {
                unsafe withMessage(&body, &control) { message in
                    defer { length = unsafe message.msg_controllen }
                    return unsafe recvmsg(
                        receiver.number, &message, CInt(MSG_DONTWAIT) | CInt(MSG_CMSG_CLOEXEC))
                }
            }
        } catch {
            guard error == .wouldBlock else { throw error }
            return nil
        }
        guard count > 0 else { return nil }
        return Message(kind: body[0], sent: Int(body[1]), numbers: RightsMessage.descriptors(control[..<length]))
    }
}

/// A control message that carries descriptors: `struct cmsghdr` and the numbers, as the macros CMSG_LEN and CMSG_DATA lay
/// them out on 64-bit Linux.
private struct RightsMessage {
    private static let header = 16

    let bytes: [UInt8]

    /// Bytes of the largest one.
    static let capacity = header + 4 * DescriptorQueue.limit + 4

    init(_ descriptors: ArraySlice<CInt>) {
        let length = Self.header + 4 * descriptors.count
        var bytes: [UInt8] = []
        unsafe withUnsafeBytes(of: UInt64(length)) { unsafe bytes.append(contentsOf: $0) }
        for word in [SOL_SOCKET, CInt(SCM_RIGHTS)] + descriptors {
            unsafe withUnsafeBytes(of: word) { unsafe bytes.append(contentsOf: $0) }
        }
        // To the alignment of the next header.
        self.bytes = bytes + [UInt8](repeating: 0, count: -length & 7)
    }

    static func descriptors(_ control: ArraySlice<UInt8>) -> [CInt] {
        guard control.count >= header else { return [] }
        return unsafe control.withUnsafeBytes { control in
            let length = unsafe min(Int(control.loadUnaligned(as: UInt64.self)), control.count)
            let kind = unsafe control.loadUnaligned(fromByteOffset: 12, as: CInt.self)
            guard unsafe control.loadUnaligned(fromByteOffset: 8, as: CInt.self) == SOL_SOCKET,
                kind == CInt(SCM_RIGHTS)
            else { return [] }
            return stride(from: header, to: length - 3, by: 4).map {
                unsafe control.loadUnaligned(fromByteOffset: $0, as: CInt.self)
            }
        }
    }
}
