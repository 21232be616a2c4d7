import Broadcasting
import Clustering
import Configuring
import Kernel
import Logging
import Serving
import Supervising

/// Makes the daemon a node of the cluster that the settings name.
enum ClusterSetup {
    /// Why it cannot be one: a sentence without a full stop.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// How to reach the etcd of some settings.
    static func etcd(_ cluster: ClusterKeys, status: String = "") throws(Failure) -> EtcdSettings {
        var password = ""
        if !cluster.passwordFile.isEmpty {
            do throws(SecretFile.Unreadable) {
                password = String(decoding: try SecretFile.read(cluster.passwordFile), as: UTF8.self)
            } catch {
                throw Failure(description: "cluster.password-file: \(error)")
            }
            while password.last?.isNewline == true { password.removeLast() }
        }
        func file(_ path: String) -> String? { path.isEmpty ? nil : path }
        return EtcdSettings(
            endpoints: cluster.endpoints, authorities: file(cluster.authorities),
            certificate: file(cluster.certificate), key: file(cluster.key),
            user: cluster.user.isEmpty ? nil : cluster.user, password: password, prefix: cluster.prefix, status: status)
    }

    /// The name of the node.
    static func name(_ cluster: ClusterKeys) -> String { cluster.node.isEmpty ? Machine.hostName : cluster.node }

    /// Milliseconds between two lines of the log while etcd does not answer.
    private static let reportPeriod: UInt64 = 10_000

    /// Opens the log, however long that takes.
    ///
    /// - Parameters:
    ///   - path: of the file in which the node remembers how far it has seen the log.
    ///   - shouldGiveUp: asked while etcd does not answer.
    static func node(
        _ settings: Settings, path: String, _ logger: Logger, shouldGiveUp: () -> Bool
    ) throws(Failure) -> ClusterNode {
        let name = name(settings.cluster)
        let status = #"{"node":"\#(name)","version":"\#(Crier.version)","process":\#(Program.processID)}"#
        let etcd = try etcd(settings.cluster, status: status)
        let log: EtcdLog
        do throws(LogFailure) { log = try EtcdLog(etcd) } catch { throw Failure(description: "cluster: \(error)") }
        let cluster = ClusterSettings(
            node: name, timeout: settings.cluster.timeout, total: settings.history.total,
            backlog: 8 * settings.fanoutBacklog, file: path)
        var reported: UInt64?
        while true {
            do throws(LogFailure) {
                return try ClusterNode(cluster, log, logger: logger)
            } catch {
                guard case .unreachable(let reason) = error, !shouldGiveUp() else {
                    throw Failure(description: "cluster: \(error)")
                }
                if reported.map({ Clock.monotonic > $0 + reportPeriod }) ?? true {
                    logger.error("waiting for etcd", metadata: ["reason": "\(reason)"])
                    reported = Clock.monotonic
                }
                HistorySetup.reportProgress()
                Thread.sleep(milliseconds: 500)
            }
        }
    }

    /// What the loops can say of a node.
    static func report(_ node: ClusterNode) -> ClusterReport {
        ClusterReport(
            problem: { node.status.problem(now: Clock.monotonic) },
            figures: {
                let status = node.status
                return ClusterReport.Figures(
                    node: status.node, applied: SharedNumber.last(of: status.applied),
                    lag: status.lag(now: Clock.monotonic), commits: node.commitTimes,
                    remoteSubscribers: node.remoteSubscribers)
            })
    }
}
