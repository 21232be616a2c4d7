import Kernel

/// Sends from a thread of its own, so that the test can read meanwhile.
final class Sender {
    private var thread: Kernel.Thread?

    init(_ socket: borrowing Descriptor, _ text: String) throws {
        let number = socket.number
        let bytes = Array(text.utf8)
        thread = try Kernel.Thread(named: "sender") {
            let socket = Descriptor(owning: number)
            var rest = bytes[...]
            while !rest.isEmpty, case .wrote(let count) = socket.send(Array(rest.prefix(1 << 16))) {
                rest = rest.dropFirst(count)
            }
            _ = socket.release()
        }
    }

    func join() { thread.take()?.join() }
}
