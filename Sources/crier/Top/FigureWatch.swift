import FoundationEssentials
import Kernel

/// Follows the figures of a daemon, once a second.
struct FigureWatch: ~Copyable {
    private var stream: ReconnectingStream
    private var last: DaemonFigures?

    init(_ daemon: RemoteDaemon) {
        stream = ReconnectingStream(
            daemon: daemon, channels: ["$crier/stats"], replay: nil, since: nil, lastEventID: "", isEnveloped: false)
    }

    /// Waits for a key, or for the next figures.
    ///
    /// - Returns: whether it is a key.
    func waitForKey() -> Bool { stream.waitForInput(.input) }

    /// Waits for the next figures, and what happened each second since those before.
    mutating func next() throws -> (DaemonFigures, DaemonRates?) {
        while true {
            switch stream.next() {
            case .event("message", let data, _):
                let figures = try JSONDecoder().decode(DaemonFigures.self, from: Data(data.utf8))
                defer { last = figures }
                return (figures, figures.rates(since: last))
            // A gap: the figures of some seconds are missing.
            case .event: continue
            case .ended: throw ClientFailure.lost("the daemon has ended the stream")
            case .refused(let reason): throw AdminRequest.Refused(description: reason)
            case .lost(let reason, let delay):
                guard last != nil else { throw ClientFailure.lost(reason) }
                // A restart that closes the streams, perhaps.
                Thread.sleep(milliseconds: min(delay, 1000))
            }
        }
    }
}
