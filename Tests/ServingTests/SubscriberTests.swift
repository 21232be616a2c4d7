import Broadcasting
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `An idle subscriber` {
    @Test func `costs at most 256 bytes, its connection and session id included`() {
        // Each row has a generation besides; a place in the list of its topic; and an entry in the timer wheel, which may be
        // twice as long as its content.
        let rows = MemoryLayout<Subscriber>.stride + MemoryLayout<Connection>.stride + 2 * MemoryLayout<UInt32>.size
        let lists = 2 * MemoryLayout<UInt32>.size + 2 * MemoryLayout<UInt64>.size
        #expect(rows + lists <= 256, "\(MemoryLayout<Subscriber>.stride) and \(MemoryLayout<Connection>.stride)")
    }
}
