import Broadcasting
import Bytes
import EventStreams
import JSON
import Kernel

/// A connection to one member of etcd at a time, over its JSON gateway. One thread uses it.
final class EtcdConnection {
    private let http: HTTPClient
    private let endpoints: EtcdEndpoints
    private let credentials: EtcdCredentials

    init(
        _ endpoints: EtcdEndpoints, _ identity: HTTPClient.Identity, _ credentials: EtcdCredentials
    ) throws(LogFailure) {
        do throws(CurlLibrary.Missing) { http = try HTTPClient(identity) } catch {
            throw .refused(error.description)
        }
        (self.endpoints, self.credentials) = (endpoints, credentials)
    }

    /// Milliseconds for a call.
    static let patience = 1500

    /// Calls a method that may be called again: when a member does not answer, the next one is asked.
    func read(_ method: String, _ body: [UInt8], within patience: Int = patience) throws(LogFailure) -> JSONTree {
        var failure = LogFailure.unreachable("there is no member")
        for _ in endpoints.addresses {
            do throws(LogFailure) { return try call(method, body, within: patience) } catch {
                guard case .unreachable = error else { throw error }
                failure = error
            }
        }
        throw failure
    }

    /// Calls a method of the member in use. After a failure the next member is in use.
    func call(_ method: String, _ body: [UInt8], within patience: Int = patience) throws(LogFailure) -> JSONTree {
        do throws(LogFailure) { return try post(method, body, within: patience) } catch {
            guard case .refused(EtcdFailure.staleToken) = error, credentials.user != nil else { throw error }
        }
        credentials.token.withLock { $0 = nil }
        return try post(method, body, within: patience)
    }

    /// Calls a method whose answer is a line of JSON for each message, and goes on for ever.
    ///
    /// - Parameter take: gets each message. Returns whether it wants more.
    func stream(
        _ method: String, _ body: [UInt8], isStopped: @escaping @Sendable () -> Bool,
        _ take: @escaping (JSONTree) throws(LogFailure) -> Bool
    ) throws(LogFailure) {
        let address = endpoints.current
        let fields = try fields()
        var line: [UInt8] = []
        var problem: LogFailure?
        let outcome: Result<Int, HTTPClient.Failure> = Result { () throws(HTTPClient.Failure) in
            unsafe try http.post(
                address + method, body, fields: fields, within: 0,
                isStopped: { [endpoints] in isStopped() || endpoints.current != address }
            ) { piece in
                var rest = unsafe piece[...]
                while let end = unsafe rest.firstIndex(of: 0x0A) {
                    unsafe line.append(contentsOf: rest[..<end])
                    unsafe rest = rest[(end + 1)...]
                    do throws(LogFailure) {
                        let message = try Self.tree(line)
                        line.removeAll(keepingCapacity: line.capacity < 1 << 22)
                        if let error = message["error"] { throw EtcdFailure.failure(of: error) }
                        guard try take(message) else { return false }
                    } catch {
                        problem = error
                        return false
                    }
                }
                unsafe line.append(contentsOf: rest)
                guard line.count <= Self.longestMessage else {
                    problem = .refused("a message of etcd is longer than \(Self.longestMessage) bytes")
                    return false
                }
                return true
            }
        }
        if let problem { throw problem }
        switch outcome {
        case .success(200): throw .unreachable("\(address) has closed the connection")
        case .success(let status): throw EtcdFailure.failure(status: status, body: line)
        case .failure(.stopped): return
        case .failure(.notConnected(let text)), .failure(.interrupted(let text)):
            endpoints.leave(address)
            throw .unreachable("\(address): \(text)")
        }
    }

    /// The most bytes of a message: more than three times the largest that etcd takes, in base64.
    private static let longestMessage = 64 << 20

    private func post(_ method: String, _ body: [UInt8], within patience: Int) throws(LogFailure) -> JSONTree {
        let address = endpoints.current
        return try post(method, body, to: address, fields: try fields(), within: patience)
    }

    private func post(
        _ method: String, _ body: [UInt8], to address: String, fields: [String], within patience: Int
    ) throws(LogFailure) -> JSONTree {
        var answer: [UInt8] = []
        let outcome: Result<Int, HTTPClient.Failure> = Result { () throws(HTTPClient.Failure) in
            unsafe try http.post(address + method, body, fields: fields, within: patience) { piece in
                unsafe answer.append(contentsOf: piece)
                return answer.count <= Self.longestMessage
            }
        }
        switch outcome {
        case .success(200): return try Self.tree(answer)
        case .success(let status):
            let failure = EtcdFailure.failure(status: status, body: answer)
            // Another member may have a leader.
            if case .unreachable = failure { endpoints.leave(address) }
            throw failure
        case .failure(.notConnected(let text)), .failure(.interrupted(let text)):
            endpoints.leave(address)
            throw .unreachable("\(address): \(text)")
        case .failure(.stopped): throw .unreachable("\(address): the answer is too long")
        }
    }

    /// The fields that tell etcd who asks. Gets a token if there is none.
    private func fields() throws(LogFailure) -> [String] {
        guard let user = credentials.user else { return [] }
        if let token = credentials.token.withLock({ $0 }) { return ["Authorization: \(token)"] }
        var body = Array(#"{"name":"#.utf8)
        JSONText.append(quoted: user, to: &body)
        body.append(#","password":"#)
        JSONText.append(quoted: credentials.password, to: &body)
        body.append("}")
        let answer = try post(
            "/v3/auth/authenticate", body, to: endpoints.current, fields: [], within: Self.patience)
        guard let token = answer["token"]?.text else { throw .refused("etcd has given no token") }
        credentials.token.withLock { $0 = token }
        return ["Authorization: \(token)"]
    }

    private static func tree(_ bytes: [UInt8]) throws(LogFailure) -> JSONTree {
        do throws(InvalidJSON) { return try JSONTree(bytes) } catch {
            throw .unreachable("an answer of etcd is not JSON: \(error)")
        }
    }
}

/// The user of a node, and the token that etcd has given it.
final class EtcdCredentials: Sendable {
    let user: String?
    let password: String
    let token = Guarded<String?>(nil)

    init(user: String?, password: String) { (self.user, self.password) = (user, password) }
}
