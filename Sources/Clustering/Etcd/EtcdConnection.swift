import Broadcasting

/// A connection to one member of etcd at a time: gRPC over HTTP/2 (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). One thread
/// uses it.
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

    /// Milliseconds for a call, besides one for each KiB of it. A call that a follower has passed to a frozen leader gets no
    /// answer, also when there is a new leader, which takes 1 to 2 s: so a call that takes longer is made again.
    static let patience = 1000
    /// Milliseconds in which a member that is not frozen says how it is.
    private static let statusPatience = 300

    /// Calls a method that may be called again: when a member does not answer, the next one is asked.
    func read(_ method: String, _ body: [UInt8]) throws(LogFailure) -> EtcdAnswer {
        var failure = LogFailure.unreachable("there is no member")
        for _ in endpoints.addresses {
            do throws(LogFailure) { return try call(method, body) } catch {
                guard case .unreachable = error else { throw error }
                failure = error
            }
        }
        throw failure
    }

    /// Calls a method of the member in use. After a failure the next member is in use.
    func call(_ method: String, _ body: [UInt8]) throws(LogFailure) -> EtcdAnswer {
        do throws(LogFailure) { return try post(method, body, fields: try fields()) } catch {
            guard case .refused(EtcdFailure.staleToken) = error, credentials.user != nil else { throw error }
        }
        credentials.token.withLock { $0 = nil }
        return try post(method, body, fields: try fields())
    }

    /// Calls a method that answers with one message after the other, for ever. Returns when `isStopped` says so, or another
    /// member is in use.
    ///
    /// - Parameter take: gets each message.
    func stream(
        _ method: String, _ body: [UInt8], isStopped: @escaping @Sendable () -> Bool,
        _ take: @escaping (ProtobufMessage) throws(LogFailure) -> Void
    ) throws(LogFailure) {
        let address = endpoints.current
        do throws(LogFailure) {
            try exchange(
                method, body, to: address, fields: try fields(), within: 0,
                isStopped: { [endpoints] in isStopped() || endpoints.current != address }, take)
        } catch {
            if case .refused(EtcdFailure.staleToken) = error { credentials.token.withLock { $0 = nil } }
            throw error
        }
    }

    private func post(_ method: String, _ body: [UInt8], fields: [String]) throws(LogFailure) -> EtcdAnswer {
        // After a silent member another silent one would cost as much again.
        if endpoints.isUntried { try greet(endpoints.current) }
        var answer: ProtobufMessage?
        try exchange(
            method, body, to: endpoints.current, fields: fields, within: Self.patience + body.count / 1024,
            isStopped: { false }
        ) { answer = $0 }
        guard let answer else { throw .unreachable("etcd answers with nothing") }
        return EtcdAnswer(message: answer)
    }

    /// Finds out whether a member answers at all.
    private func greet(_ address: String) throws(LogFailure) {
        do throws(LogFailure) {
            try exchange(
                EtcdMethod.status, [], to: address, fields: [], within: Self.statusPatience, isStopped: { false }
            ) { _ in }
        } catch {
            if case .unreachable = error { throw error }
        }
    }

    /// The fields that tell etcd who asks. Gets a token if there is none.
    private func fields() throws(LogFailure) -> [String] {
        guard let user = credentials.user else { return [] }
        if let token = credentials.token.withLock({ $0 }) { return ["token: \(token)"] }
        let body = EtcdRequest.authenticate(user, credentials.password)
        let token = try post(EtcdMethod.authenticate, body, fields: []).message.text(2)
        credentials.token.withLock { $0 = token }
        return ["token: \(token)"]
    }

    private func exchange(
        _ method: String, _ body: [UInt8], to address: String, fields: [String], within patience: Int,
        isStopped: @escaping () -> Bool, _ take: @escaping (ProtobufMessage) throws(LogFailure) -> Void
    ) throws(LogFailure) {
        let count = body.count
        let prefix = [
            0, UInt8(truncatingIfNeeded: count >> 24), UInt8(truncatingIfNeeded: count >> 16),
            UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count),
        ]
        var messages = GRPCMessages()
        var problem: LogFailure?
        let outcome: Result<HTTPClient.Answer, HTTPClient.Failure> = Result { () throws(HTTPClient.Failure) in
            unsafe try http.post(
                address, method, prefix + body, fields: fields, within: patience, isStopped: isStopped
            ) { piece in
                unsafe messages.append(piece)
                do throws(LogFailure) {
                    while let message = try messages.next() { try take(message) }
                    return true
                } catch {
                    problem = error
                    return false
                }
            }
        }
        if let problem { throw problem }
        switch outcome {
        case .success(let answer):
            endpoints.note(answerOf: address)
            guard answer.status == 200, let code = answer.fields["grpc-status"].flatMap({ Int($0) }) else {
                endpoints.leave(address)
                throw .unreachable("\(address) has not ended the call: the status is \(answer.status)")
            }
            if code == 0, patience > 0 { return }
            let failure = EtcdFailure.failure(code: code, Self.text(answer.fields["grpc-message"] ?? ""))
            // Another member may have a leader.
            if case .unreachable = failure { endpoints.leave(address) }
            throw failure
        case .failure(.stopped): return
        case .failure(.notConnected(let text)), .failure(.interrupted(let text)):
            endpoints.leave(address)
            throw .unreachable("\(address): \(text)")
        }
    }

    /// A text whose other characters than letters are bytes in hexadecimal after a percent sign.
    private static func text(_ encoded: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(encoded.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The user of a node, and the token that etcd has given it.
final class EtcdCredentials: Sendable {
    let user: String?
    let password: String
    let token = Guarded<String?>(nil)

    init(user: String?, password: String) { (self.user, self.password) = (user, password) }
}
