/// The requests to etcd and its answers, as its protocol has them (etcd 3.4, api/etcdserverpb/rpc.proto): the methods, and the
/// numbers of the fields.
enum EtcdMethod {
    static let range = "/etcdserverpb.KV/Range"
    static let put = "/etcdserverpb.KV/Put"
    static let transaction = "/etcdserverpb.KV/Txn"
    static let compact = "/etcdserverpb.KV/Compact"
    static let watch = "/etcdserverpb.Watch/Watch"
    static let grant = "/etcdserverpb.Lease/LeaseGrant"
    static let keepAlive = "/etcdserverpb.Lease/LeaseKeepAlive"
    static let revoke = "/etcdserverpb.Lease/LeaseRevoke"
    static let authenticate = "/etcdserverpb.Auth/Authenticate"
    static let status = "/etcdserverpb.Maintenance/Status"
}

enum EtcdRequest {
    /// A condition of a transaction.
    enum Condition {
        /// A key has this value.
        case value(String, [UInt8])
        /// A key was last changed in this revision; 0 for a key that does not exist.
        case modified(String, UInt64)
    }

    /// A part of a transaction.
    enum Operation {
        case put(String, [UInt8])
        /// Reads a key.
        case get(String, keysOnly: Bool)
    }

    /// Reads one key, or all that begin with it.
    static func range(_ key: String, isPrefix: Bool = false, revision: UInt64 = 0) -> [UInt8] {
        ProtobufWriter.message { range in
            range.write(1, key)
            if isPrefix { range.write(2, EtcdKeys.end(of: key)) }
            range.write(4, revision)
        }
    }

    /// A transaction.
    ///
    /// - Parameters:
    ///   - success: done when all conditions hold.
    ///   - failure: done otherwise.
    static func transaction(
        _ conditions: [Condition], _ success: [Operation], otherwise failure: [Operation] = []
    ) -> [UInt8] {
        ProtobufWriter.message { transaction in
            for condition in conditions {
                transaction.write(1) { compare in
                    // The result is "equal", which is 0.
                    switch condition {
                    case .modified(let key, let revision):
                        compare.write(2, 2)
                        compare.write(3, key)
                        compare.write(6, revision)
                    case .value(let key, let value):
                        compare.write(2, 3)
                        compare.write(3, key)
                        compare.write(7, value)
                    }
                }
            }
            for (field, operations) in [(2, success), (3, failure)] {
                for operation in operations { transaction.write(field) { write(operation, to: &$0) } }
            }
        }
    }

    private static func write(_ operation: Operation, to writer: inout ProtobufWriter) {
        switch operation {
        case .get(let key, let keysOnly):
            writer.write(1) { range in
                range.write(1, key)
                range.write(8, keysOnly)
            }
        case .put(let key, let value):
            writer.write(2) { put in
                put.write(1, key)
                put.write(2, value)
            }
        }
    }

    /// A put under a lease.
    static func put(_ key: String, _ value: [UInt8], lease: UInt64) -> [UInt8] {
        ProtobufWriter.message { put in
            put.write(1, key)
            put.write(2, value)
            put.write(3, lease)
        }
    }

    /// A watch of all keys that begin with some text. A large answer comes in fragments: otherwise 60 MB of a log came as one
    /// message of 80 MB.
    static func watch(_ prefix: String, from revision: UInt64) -> [UInt8] {
        ProtobufWriter.message { request in
            request.write(1) { create in
                create.write(1, prefix)
                create.write(2, EtcdKeys.end(of: prefix))
                create.write(3, revision)
                create.write(8, true)
            }
        }
    }

    /// A request that has one number only: a revision, the seconds or the number of a lease.
    static func number(_ number: UInt64) -> [UInt8] { ProtobufWriter.message { $0.write(1, number) } }

    /// Asks for a token.
    static func authenticate(_ user: String, _ password: String) -> [UInt8] {
        ProtobufWriter.message { request in
            request.write(1, user)
            request.write(2, password)
        }
    }
}

/// A key and its value.
struct EtcdPair {
    let key: String
    let modified: UInt64
    let value: [UInt8]

    init(_ message: ProtobufMessage) {
        key = message.text(1)
        modified = message.number(3)
        value = Array(message.bytes(5))
    }

    var text: String { String(decoding: value, as: UTF8.self) }
}

/// An answer to any request: they all begin with the same header.
struct EtcdAnswer {
    let message: ProtobufMessage

    /// etcd's name for its store.
    var cluster: String { String(message.message(1)?.number(1) ?? 0, radix: 16) }

    /// The revision of the store when it answered.
    var revision: UInt64 { message.message(1)?.number(3) ?? 0 }

    /// The keys of a range.
    var pairs: [EtcdPair] { message.messages(2).map(EtcdPair.init) }

    /// Whether the conditions of a transaction held.
    var succeeded: Bool { message.flag(2) }

    /// The keys that the ranges of a transaction found, each the first of its range.
    var found: [EtcdPair?] {
        message.messages(3).map { $0.message(1)?.messages(2).first.map(EtcdPair.init) }
    }
}

/// A message of a watch.
struct EtcdWatchMessage {
    let message: ProtobufMessage

    /// The watch was ended, for this reason; nil while it goes on.
    var end: String? { message.flag(4) ? message.text(6) : nil }

    /// The revision up to which the log was compacted, if the watch began before it; 0 otherwise.
    var compacted: UInt64 { message.number(5) }

    /// The changes: the keys, and whether they were deleted.
    var changes: [(pair: EtcdPair, isDeleted: Bool)] {
        message.messages(11).compactMap { event in
            event.message(2).map { (EtcdPair($0), event.number(1) == 1) }
        }
    }
}
