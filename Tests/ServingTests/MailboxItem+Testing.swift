@testable import Broadcasting

/// An item of topic 0 with some bytes on the wire.
func item(
    _ sequence: UInt64, ends: Bool = false, work: Int = 0, bytes: Int = 1, _ backlog: Backlog = Backlog()
) -> MailboxItem {
    let id = TopicID(index: 0)
    let frame = Frame(
        sequence: sequence, time: 0, endsTopic: ends ? id : nil,
        wire: Array(repeating: UInt8(sequence & 127), count: bytes))
    return MailboxItem(frame: frame, topic: id, work: work, backlog: backlog, posted: 0)
}

extension Mailbox {
    func deliver(_ items: [MailboxItem]) {
        var items = items
        post(&items)
    }
}
