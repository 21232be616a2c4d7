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
        let numbers = try Descriptor.pair()
        let sender = Descriptor(owning: numbers.0)
        let receiver = Descriptor(owning: numbers.1)
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

    /// Puts the descriptors that are still wanted into as few messages as possible. Until a descriptor is in a new message
    /// it stays in the old one, so that none is missing if the process ends meanwhile. Another thread may send at the same
    /// time, but none may receive.
    ///
    /// - Parameters:
    ///   - count: how many messages to take, from the oldest on; there are as many.
    ///   - freed: gets the number of messages and descriptors added that there are less, also after an error.
    ///   - isWanted: whether to keep a descriptor.
    /// - Throws: `tooManyOpenFiles` when the process may not have enough descriptors open for a message more. The rest of the
    ///   queue stays as it is.
    public func compact(
        messages count: Int, _ freed: inout (messages: Int, descriptors: Int), isWanted: (borrowing Descriptor) -> Bool
    ) throws(Errno) {
        // SO_PEEK_OFF: each peek shows the next message.
        try receiver.set(SOL_SOCKET, 42, 0)
        defer { try? receiver.set(SOL_SOCKET, 42, -1) }
        var group = Group()
        for _ in 0..<count {
            guard let message = try Self.receive(from: receiver, flags: CInt(MSG_PEEK)) else { break }
            var wanted: [CInt] = []
            for number in message.numbers {
                let descriptor = Descriptor(owning: number)
                if isWanted(descriptor) { wanted.append(descriptor.release()) }
            }
            guard message.numbers.count == message.sent else {
                // The message must stay, for it has others.
                for number in wanted { _ = Descriptor(owning: number) }
                try replace(&group, &freed)
                throw .tooManyOpenFiles
            }
            if group.numbers.count + wanted.count > Self.limit { try replace(&group, &freed) }
            group.kind = message.kind
            group.messages += 1
            group.sent += message.sent
            group.numbers += wanted
        }
        try replace(&group, &freed)
    }

    /// Messages that become one.
    private struct Group: ~Copyable {
        var kind: UInt8 = 0
        var messages = 0
        /// Descriptors of the messages.
        var sent = 0
        /// Those that are wanted. Owned.
        var numbers: [CInt] = []

        deinit { for number in numbers { _ = Descriptor(owning: number) } }
    }

    /// Sends the descriptors of a group in one message, and drops its messages, which are the oldest.
    private func replace(
        _ group: inout Group, _ freed: inout (messages: Int, descriptors: Int)
    ) throws(Errno) {
        var isSent = group.numbers.isEmpty
        do throws(Errno) {
            if !isSent { try send(group.kind, group.numbers[...]) }
            isSent = true
        } catch {
            // There is room only without the old messages. For a moment the descriptors are in none.
            guard error == .wouldBlock || error == Self.tooManyReferences else { throw error }
        }
        for _ in 0..<group.messages { try drop() }
        freed.messages += group.messages
        freed.descriptors += group.sent
        if !isSent { try send(group.kind, group.numbers[...]) }
        if !group.numbers.isEmpty { freed.messages -= 1 }
        freed.descriptors -= group.numbers.count
        group = Group()
    }

    /// ETOOMANYREFS.
    private static let tooManyReferences = Errno(rawValue: 109)

    /// Drops the oldest message with its descriptors.
    private func drop() throws(Errno) {
        var body: [UInt8] = [0, 0]
        _ = try invoke(.recvmsg) {
            unsafe body.withUnsafeMutableBytes {
                unsafe recv(receiver.number, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT))
            }
        }
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
        try receive(from: receiver, flags: 0)
    }

    private static func receive(from receiver: borrowing Descriptor, flags: CInt) throws(Errno) -> Message? {
        var body: [UInt8] = [0, 0]
        var control = [UInt8](repeating: 0, count: RightsMessage.capacity)
        var length = 0
        let count: Int
        do throws(Errno) {
            count = try invoke(.recvmsg) {
                unsafe withMessage(&body, &control) { message in
                    defer { length = unsafe message.msg_controllen }
                    return unsafe recvmsg(
                        receiver.number, &message, flags | CInt(MSG_DONTWAIT) | CInt(MSG_CMSG_CLOEXEC))
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
