import Broadcasting

@testable import Clustering

/// An entry of a shared log is refused, or is the same when it is written and read again; and what etcd sends is cut into the same
/// messages however it arrives.
enum LogEntries {
    static func run(_ bytes: [UInt8]) {
        let epoch = Epoch(description: "e")
        if let entry = try? Entry(bytes, epoch: epoch) {
            let again = try? Entry(entry.bytes, epoch: epoch)
            require(again?.bytes == entry.bytes, "it is another entry when it is written and read again")
        }
        let found = cuts(of: bytes).map(messages)
        require(found.allSatisfy { $0 == found[0] }, "the messages depend on how they arrive: \(found)")
    }

    /// How many messages the bytes have, and whether they end with a mistake.
    private static func messages(_ pieces: [ArraySlice<UInt8>]) -> [Int] {
        var messages = GRPCMessages()
        var count = 0
        for piece in pieces {
            unsafe piece.withUnsafeBytes { unsafe messages.append($0) }
            do throws(LogFailure) {
                while let message = try messages.next() {
                    _ = EtcdWatchMessage(message: message).changes
                    count += 1
                }
            } catch {
                return [count, -1]
            }
        }
        return [count]
    }
}
