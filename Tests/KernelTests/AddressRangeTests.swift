import Kernel
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A range of addresses` {
    private func contains(_ range: String, _ address: String) throws -> Bool {
        let range = try #require(AddressRange(range), "\(range)")
        return range.contains(try #require(IPAddress(address), "\(address)"))
    }

    @Test func `contains the addresses that share its first bits`() throws {
        #expect(try contains("10.0.0.0/8", "10.255.255.255"))
        #expect(try !contains("10.0.0.0/8", "11.0.0.0"))
        #expect(try contains("192.168.4.0/22", "192.168.7.255"))
        #expect(try !contains("192.168.4.0/22", "192.168.8.0"))
        #expect(try contains("0.0.0.0/0", "8.8.8.8"))
        #expect(try !contains("0.0.0.0/0", "2001:db8::1"))
        #expect(try contains("2001:db8::/32", "2001:db8:ffff::1"))
        #expect(try !contains("2001:db8::/32", "2001:db9::"))
        #expect(try contains("fd00::/8", "fdff::"))
        #expect(try contains("::/0", "1.2.3.4"))
        #expect(try contains("127.0.0.1", "127.0.0.1"))
        #expect(try !contains("127.0.0.1", "127.0.0.2"))
        #expect(try contains("127.0.0.1", "::ffff:127.0.0.1"))
        #expect(try contains("::1/128", "::1"))
    }

    @Test(arguments: [
        "", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.1/8", "::/129", "10.0.0/8", "1.2.3.4/+8",
        "localhost",
    ])
    func `is nothing else`(_ text: String) { #expect(AddressRange(text) == nil) }

    @Test(arguments: ["1.2.3.4", "2001:db8::1", "::1", "255.255.255.255"])
    func `has addresses that come back as text`(_ text: String) { #expect(IPAddress(text)?.description == text) }
}
