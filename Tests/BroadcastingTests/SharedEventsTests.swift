import SeededRandom
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The events that several channels retain` {
    @Test func `are released by the last of their channels, in whatever order these release them`() {
        var generator = SplitMix(state: 7)
        var shared = SharedEvents()
        var releases: [UInt64] = []
        for sequence in 1...1000 as ClosedRange<UInt64> {
            let channels = Int.random(in: 1...5, using: &generator)
            shared.add(sequence, count: channels)
            releases += [UInt64](repeating: sequence, count: channels)
        }
        releases.shuffle(using: &generator)
        var left = releases.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        for sequence in releases {
            left[sequence, default: 0] -= 1
            #expect(shared.release(sequence) == (left[sequence] == 0), "event \(sequence)")
        }
    }
}
