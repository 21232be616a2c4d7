import Broadcasting

/// The nodes that live, and the members of etcd.
extension EtcdLog {
    /// Seconds until the others take a silent node for gone.
    public static let leaseSeconds: UInt64 = 5

    /// See ``SharedLog/announce(_:renewing:)``.
    public func announce(_ node: String, renewing isRenewing: Bool) throws(LogFailure) -> Bool {
        try using(controlling) { connection throws(LogFailure) in
            if let lease = lease.withLock({ $0 }) {
                let answer = try connection.call(EtcdMethod.keepAlive, EtcdRequest.number(lease))
                if answer.message.number(3) > 0 {
                    if isRenewing { try put(node, lease, connection) }
                    return false
                }
            }
            self.lease.withLock { $0 = nil }
            let answer = try connection.call(EtcdMethod.grant, EtcdRequest.number(Self.leaseSeconds))
            let lease = answer.message.number(2)
            try put(node, lease, connection)
            self.lease.withLock { $0 = lease }
            return true
        }
    }

    private func put(_ node: String, _ lease: UInt64, _ connection: EtcdConnection) throws(LogFailure) {
        let value = Array(settings.status.utf8)
        _ = try check(connection.call(EtcdMethod.put, EtcdRequest.put(keys.nodes + node, value, lease: lease)))
    }

    /// See ``SharedLog/leave(_:)``.
    public func leave(_ node: String) {
        _ = try? using(controlling) { connection throws(LogFailure) in
            guard let lease = lease.withLock({ $0 }) else { return }
            self.lease.withLock { $0 = nil }
            _ = try connection.call(EtcdMethod.revoke, EtcdRequest.number(lease))
        }
    }

    /// See ``SharedLog/nodes()``.
    public func nodes() throws(LogFailure) -> [String: [UInt8]] {
        try using(controlling) { connection throws(LogFailure) in
            let answer = try check(
                connection.read(EtcdMethod.range, EtcdRequest.range(keys.nodes, isPrefix: true)))
            return Dictionary(
                answer.pairs.map { (String($0.key.dropFirst(keys.nodes.count)), $0.value) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// Asks every member how it is.
    func members() -> [EtcdMember] {
        settings.endpoints.map { address in
            do throws(LogFailure) {
                let identity = HTTPClient.Identity(
                    authorities: settings.authorities, certificate: settings.certificate, key: settings.key)
                let connection = try EtcdConnection(EtcdEndpoints([address]), identity, credentials)
                return EtcdMember(address, try connection.call(EtcdMethod.status, []))
            } catch {
                return EtcdMember(address, error)
            }
        }
    }
}
