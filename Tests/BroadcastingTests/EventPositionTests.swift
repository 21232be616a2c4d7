import Broadcasting
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `An event position` {
    @Test func `parses from its own text`() throws {
        let position = EventPosition(epoch: Epoch(description: "k3f9x2"), sequence: 42)
        #expect(position.description == "k3f9x2-42")
        #expect(EventPosition("k3f9x2-42") == position)
    }

    @Test(arguments: ["", "-", "k-", "-1", "k-x", "k-01", "k-+1", "k--", "42", "k-18446744073709551616", "k-1 "])
    func `has only one spelling`(_ text: String) {
        #expect(EventPosition(text) == nil)
    }

    @Test func `contains an epoch that browsers send without a preflight`() {
        for _ in 0..<100 {
            #expect(
                Epoch.random().description.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        }
    }
}
