/// An event for the subscribers that one loop has for a topic.
public struct MailboxItem: Sendable {
    /// The event.
    public let frame: Frame
    /// The topic whose subscribers receive it.
    public let topic: TopicID
    /// About how many bytes the loop will write because of it: the event, once for each of its subscribers.
    public let work: Int
    /// The backlog of the topic, which counts the work until it is done.
    public let backlog: Backlog
    /// Nanoseconds of the hub's clock when it was published.
    public let posted: UInt64
}
