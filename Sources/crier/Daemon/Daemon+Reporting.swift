import Broadcasting
import Clustering
import Kernel
import Logging
import Serving

/// Says how the daemon is.
extension Daemon {
    /// The line that `systemctl status` shows.
    var statusLine: String {
        let status = server.status
        let hub = server.hub.summary
        return "\(status.subscribers) subscribers, \(hub.channels) channels, \(status.published) events published, "
            + "\(status.delivered) delivered, \(status.connections) connections, "
            + "\(status.closed[CloseReason.slow.rawValue]) disconnected as too slow, "
            + "\(status.skips) skips by slow subscribers, "
            + "longest turn of an event loop \(status.longestTurn / 1000) us, "
            + "longest hold of the hub's lock \(server.hub.longestHold / 1000) us"
            + (backend.node?.status.problem(now: Clock.monotonic).map { "; not ready: \($0)" } ?? "")
            + (awaitingRestart.isEmpty ? "" : "; after a restart: \(awaitingRestart.joined(separator: ", "))")
    }

    /// Logs what there is to know of the state.
    func logState() {
        let (status, hub) = (server.status, server.hub.summary)
        let closed = CloseReason.allCases.map { "\($0) \(status.closed[$0.rawValue])" }.joined(separator: ", ")
        log.info(
            "state",
            metadata: [
                "version": "\(Crier.version)", "epoch": "\(server.hub.epoch)", "head": "\(hub.head)",
                "connections": "\(status.connections)", "subscribers": "\(status.subscribers)",
                "channels": "\(hub.channels)", "events": "\(hub.events)", "bytes": "\(hub.bytes)",
                "published": "\(status.published)", "delivered": "\(status.delivered)", "skips": "\(status.skips)",
                "closed": "\(closed)", "turns": "\(turns.map(String.init).joined(separator: ", "))",
                "longest-turn-us": "\(status.longestTurn / 1000)",
                "longest-hold-us": "\(server.hub.longestHold / 1000)",
                "history": "\(backend.state(now: Clock.monotonic))",
            ])
    }
}
