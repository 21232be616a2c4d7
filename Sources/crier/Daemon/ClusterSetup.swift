import Broadcasting
import Clustering
import Configuring
import Curl
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
        let status = "version=\(Crier.version) process=\(Program.processID) url=\(settings.cluster.url)"
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
            },
            ask: { name, target, authorization in ask(name, target, authorization, node) })
    }

    /// Milliseconds that another node has for an answer.
    private static let patience: UInt64 = 5000
    /// The most bytes of its answer.
    private static let answerLimit = 4 << 20

    private static func ask(
        _ name: String, _ target: String, _ authorization: String?, _ node: ClusterNode
    ) -> ClusterReport.NodeAnswer {
        let announcement: String
        do throws(LogFailure) {
            guard let found = try node.announcement(of: name) else { return .unknown }
            announcement = found
        } catch {
            return .unreachable("etcd does not say where it is: \(error)")
        }
        let url = announcement.split(separator: " ").first { $0.hasPrefix("url=") }?.dropFirst(4) ?? ""
        guard !url.isEmpty else { return .unreachable("its cluster.url is empty") }
        let fields = authorization.map { [(name: "Authorization", value: $0)] } ?? []
        var answer = ClusterReport.NodeAnswer.unreachable("curl failed")
        Curl.perform(
            [HTTPCall(get: url + target, fields: fields)], within: patience, bodyLimit: answerLimit
        ) { _, reply in
            switch reply {
            case .answered(let status, let body): answer = .answered(status: status, body: body)
            case .failed(let reason): answer = .unreachable(reason)
            }
        }
        return answer
    }
}
