import Access
import Broadcasting
import Bytes
import Kernel

// What the records of a restart and those of a recovery have in common.

extension Connection.ProxiedClient {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .none: writer.write(byte: 0)
        case .awaited: writer.write(byte: 1)
        case .unknown: writer.write(byte: 2)
        case .known(let box):
            writer.write(byte: 3)
            writer.write(bytes: box.address.bytes)
        }
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Damage) {
        switch try reader.byte() {
        case 0: self = .none
        case 1: self = .awaited
        case 2: self = .unknown
        case 3:
            guard let address = IPAddress(bytes: try reader.array()) else {
                throw ByteReader.Damage("it has an unknown address")
            }
            self = .known(Box(address))
        default: throw ByteReader.Damage("it has an unknown kind of client")
        }
    }
}

extension SubscriberCounts.Key {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .name(let name):
            writer.write(true)
            writer.write(name)
        case .address(let block):
            writer.write(false)
            writer.write(block.prefix)
            writer.write(block.isIPv4)
        }
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Damage) {
        self =
            try reader.flag()
            ? .name(try reader.text())
            : .address(AddressBlock(prefix: try reader.number(), isIPv4: try reader.flag()))
    }
}

extension ClientDetails {
    func write(to writer: inout ByteWriter) {
        writer.write(bytes: agent)
        writer.write(bytes: address?.bytes ?? [])
    }

    convenience init(_ reader: inout ByteReader) throws(ByteReader.Damage) {
        let (agent, address) = (try reader.array(), try reader.array())
        self.init(agent: agent[...], address: address.isEmpty ? nil : IPAddress(bytes: address))
    }
}

extension Grant {
    func write(to writer: inout ByteWriter) {
        writer.write(name)
        for patterns in [rights.subscribe, rights.publish] {
            writer.write(count: patterns.count)
            for pattern in patterns { writer.write(pattern.description) }
        }
        writer.write(rights.isAdmin)
        writer.write(expiry)
        writer.write(count: rules.count)
        for rule in rules { writer.write(bytes: rule.fingerprint) }
    }

    /// - Parameter rule: finds the rule in force with a fingerprint, or makes one that is revoked.
    convenience init(_ reader: inout ByteReader, rule: ([UInt8]) -> AccessRule) throws(ByteReader.Damage) {
        let name = try reader.text()
        func patterns(_ reader: inout ByteReader) throws(ByteReader.Damage) -> [ChannelPattern] {
            try reader.list { reader throws(ByteReader.Damage) in try ChannelPattern(reading: &reader) }
        }
        let rights = Rights(
            subscribe: try patterns(&reader), publish: try patterns(&reader), isAdmin: try reader.flag())
        let expiry = try reader.optionalNumber()
        let rules = try reader.list { reader throws(ByteReader.Damage) in try reader.array() }.map(rule)
        guard !rules.isEmpty else { throw ByteReader.Damage("it has an unknown grant") }
        self.init(name: name, rights, expiry: expiry, by: rules)
    }
}
