import Broadcasting
import Clustering
import Storing

/// What keeps the history, besides memory.
enum HistoryBackend {
    case memory
    case sqlite(Store)
    case cluster(ClusterNode)

    /// What the hub gives its events to.
    var archive: (any Archive)? {
        switch self {
        case .memory: nil
        case .sqlite(let store): store
        case .cluster(let node): node
        }
    }

    /// The turns of the threads that write.
    var turns: [Int] {
        switch self {
        case .memory: []
        case .sqlite(let store): [store.turns]
        case .cluster(let node): [node.turns]
        }
    }

    /// The node of a cluster.
    var node: ClusterNode? { if case .cluster(let node) = self { node } else { nil } }

    /// What the log line of SIGUSR1 says.
    func state(now: UInt64) -> String {
        switch self {
        case .memory: "memory"
        case .sqlite(let store): store.hasFailed ? "sqlite, failing" : "sqlite"
        case .cluster(let node): "etcd" + (node.status.problem(now: now).map { ", not ready: \($0)" } ?? "")
        }
    }

    /// Writes what waits, and ends the threads.
    func stop() {
        switch self {
        case .memory: break
        case .sqlite(let store): store.stop()
        case .cluster(let node): node.stop()
        }
    }
}
