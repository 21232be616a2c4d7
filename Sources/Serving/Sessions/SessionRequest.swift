import Broadcasting
import Bytes
import EventStreams

/// A request about sessions, on its way from loop to loop: each owns its sessions, and looks for those that are meant a few at
/// a time.
final class SessionRequest: Sendable {
    /// What it asks for.
    enum Operation: Sendable {
        case list(SessionFilter, from: SessionPlace, count: Int)
        case show(SessionID)
        case push(SessionID, SessionPush)
        case end(SessionID)
        case endAll(SessionFilter)
    }

    let operation: Operation
    /// The loop and the connection that wait for the answer.
    let loop: Int
    let connection: Connections.Token
    /// The channel whose presence the answer shows, and how many subscribers name it.
    private let presence: (channel: ChannelName, subscribers: Int)?
    private let found = Guarded<(sessions: [[UInt8]], ended: Int)>(([], 0))

    init(
        _ operation: Operation, loop: Int, connection: Connections.Token,
        presence: (channel: ChannelName, subscribers: Int)? = nil
    ) {
        self.presence = presence
        (self.operation, self.loop, self.connection) = (operation, loop, connection)
    }

    /// Adds a session, as JSON.
    ///
    /// - Returns: how many there are now.
    func add(_ session: [UInt8]) -> Int {
        found.withLock {
            $0.sessions.append(session)
            return $0.sessions.count
        }
    }

    func countEnd() { found.withLock { $0.ended += 1 } }

    /// How many sessions there are in it.
    var count: Int { found.withLock { $0.sessions.count } }

    /// The answer when every loop has been asked, or enough were found.
    ///
    /// - Parameter next: where the next page begins; nil when this is all.
    func answer(next: SessionPlace?) -> Result<Answer, Problem> {
        let found = found.withLock { $0 }
        switch operation {
        case .list:
            var json = Array("{".utf8)
            if let presence {
                json.append(#""channel":"#)
                JSONText.append(quoted: presence.channel.description, to: &json)
                json.append(#","subscribers":\#(presence.subscribers),"#)
            }
            json.append(#""sessions":["#)
            for (index, session) in found.sessions.enumerated() {
                if index > 0 { json.append(",") }
                json += session
            }
            json.append(next.map { #"],"next":"\#($0)"}"# } ?? #"],"next":null}"#)
            return .success(.json(json))
        case .show, .push, .end: return .failure(Problem(404, "There is no such session."))
        case .endAll: return .success(.json(Array(#"{"ended":\#(found.ended)}"#.utf8)))
        }
    }
}

/// A place in the order of all sessions: that of the loops, and of the slots of each. It is good as long as the process lives,
/// and afterwards it is only another beginning.
struct SessionPlace: Sendable, Hashable, CustomStringConvertible {
    var loop = 0
    var slot: UInt32 = 0

    var description: String { "\(loop)-\(slot)" }
}

extension SessionPlace {
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let loop = UInt8(parts[0]), let slot = UInt32(parts[1]) else { return nil }
        self.init(loop: Int(loop), slot: slot)
    }
}
