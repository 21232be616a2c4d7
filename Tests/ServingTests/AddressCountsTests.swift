import Kernel
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `The count of connections by address` {
    private func block(_ host: String) throws -> AddressBlock {
        let address = try #require(try SocketAddress.resolve(host: host, port: 1).first)
        return try #require(AddressBlock(address))
    }

    @Test func `admits as many as the limit, refuses some politely, and closes further ones`() throws {
        let counts = AddressCounts()
        let address = try block("192.0.2.1")
        let admissions = (0..<12).map { _ in counts.add(address, limit: 2)?.0 }
        let expected = [Admission?.some(.served), .served] + Array(repeating: .addressFull, count: 8) + [nil, nil]
        #expect(admissions == expected)
        #expect(try counts.add(block("192.0.2.2"), limit: 2)?.0 == .served)
    }

    @Test func `frees the place of a connection that has closed`() throws {
        let counts = AddressCounts()
        let address = try block("192.0.2.1")
        let (_, place) = try #require(counts.add(address, limit: 1))
        counts.remove(place)
        #expect(counts.count == 0)
        #expect(counts.add(address, limit: 1)?.0 == .served)
    }

    @Test func `keeps no address without connections`() throws {
        let counts = AddressCounts()
        var places: [AddressCounts.Place] = []
        for round in 0..<3 {
            for number in 0..<500 {
                let added = try #require(counts.add(try block("10.\(round).\(number / 250).\(number % 250)"), limit: 1))
                places.append(added.1)
            }
            #expect(counts.count == 500)
            while let place = places.popLast() { counts.remove(place) }
            #expect(counts.count == 0)
        }
        counts.remove(.none)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false), ("2001:db8::1", "2001:db8::ffff:0:0:2", true),
        ("2001:db8::1", "2001:db8:0:1::1", false), ("::1", "127.0.0.1", false), ("::c000:201", "192.0.2.1", false),
    ])
    func `takes an IPv4 address and a /64 of IPv6 for one client`(_ one: String, _ other: String, _ same: Bool) throws {
        #expect(try (block(one) == block(other)) == same)
    }

    @Test func `leaves Unix sockets out`() throws {
        let address = try #require(SocketAddress(unixPath: "/run/x"))
        #expect(AddressBlock(address) == nil)
    }
}
