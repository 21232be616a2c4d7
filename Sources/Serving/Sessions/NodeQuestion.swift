import Kernel
import Synchronization
import SystemPackage

/// A request for the sessions of another node of the cluster.
struct NodeQuestion: Sendable {
    /// The name of the node.
    let node: String
    /// The path and the query for it.
    let target: String
    /// The client's own `Authorization`; nil when it has none.
    let authorization: String?
}

/// Asks other nodes, each question on a thread of its own: an answer takes as long as the other node likes.
final class NodeQuestions: Sendable {
    /// The most questions at a time.
    private static let limit = 8

    private let asked = Atomic<Int>(0)

    /// Asks, and gives the answer to a connection that waits for it.
    func ask(_ question: NodeQuestion, _ cluster: ClusterReport, for connection: Connections.Token, on port: LoopPort) {
        let busy = Problem(503, "Too many clients ask other nodes for their sessions.", retryAfter: 1)
        guard asked.add(1, ordering: .relaxed).newValue <= Self.limit else {
            asked.subtract(1, ordering: .relaxed)
            return port.post(.answered(connection, .failure(busy)))
        }
        do throws(Errno) {
            try Thread(named: "crier-ask-node") { [self] in
                let answer = cluster.ask(question.node, question.target, question.authorization)
                asked.subtract(1, ordering: .relaxed)
                port.post(.answered(connection, .success(Self.answer(answer, question.node))))
            }.detach()
        } catch {
            asked.subtract(1, ordering: .relaxed)
            port.post(.answered(connection, .failure(busy)))
        }
    }

    private static func answer(_ answer: ClusterReport.NodeAnswer, _ node: String) -> Answer {
        switch answer {
        case .unknown: return Problem(404, "There is no node \(node) in the cluster.").answer
        case .unreachable(let reason):
            return Problem(502, "The node \(node) cannot be asked: \(reason).").answer
        case .answered(let status, let body):
            if status == 200 { return .json(body) }
            return Answer(status: status, type: "application/problem+json", body: body)
        }
    }
}
