/// Events that a loop wants of an archive, and the mailbox for the answer.
public struct ArchiveFetch: Sendable {
    /// Their numbers, in ascending order.
    public let asked: [UInt64]
    private let token: UInt64
    private let mailbox: Mailbox

    /// See ``Archive/fetch(_:for:into:)``.
    public init(asked: [UInt64], token: UInt64, mailbox: Mailbox) {
        (self.asked, self.token, self.mailbox) = (asked, token, mailbox)
    }

    /// Answers with the events up to the first that the archive does not have any more.
    public func answer(_ frames: [Frame]) {
        let missing = frames.count < asked.count ? asked[frames.count] : nil
        mailbox.complete(.fetched(token, frames, missing: missing))
    }

    /// Answers that the archive cannot read for the moment: it has lost nothing.
    public func fail() { mailbox.complete(.unreadable(token)) }
}
