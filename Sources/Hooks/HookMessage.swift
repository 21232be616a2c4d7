import Bytes
import EventStreams
import Kernel

/// A message to a program of the operator's, as Standard Webhooks describes it.
public struct HookMessage: Sendable {
    /// The same for every attempt, so that the receiver can tell a repetition.
    let id: String
    /// The session or the channel: messages about the same thing go out one after the other.
    let subject: String
    /// Milliseconds since 1970.
    let time: UInt64
    /// Whether an attempt has failed.
    var hasFailed = false
    /// `{"type":…,"timestamp":…,"data":{…}}`.
    let body: [UInt8]

    /// A message.
    ///
    /// - Parameters:
    ///   - subject: the session or the channel that it is about.
    ///   - data: a JSON object.
    public init(_ type: String, about subject: String, data: [UInt8]) {
        var generator = SystemRandomNumberGenerator()
        let words = [generator.next(), generator.next()] as [UInt64]
        id = "msg_" + words.map { String(String($0, radix: 16).suffix(16)) }.joined()
        self.subject = subject
        time = Clock.realtime
        var body = Array(#"{"type":"\#(type)","timestamp":"\#(Timestamp.text(time))","data":"#.utf8)
        body += data
        body.append("}")
        self.body = body
    }

    /// About the bytes of memory that it takes.
    var size: Int { body.count + subject.utf8.count + 160 }
}
