import Testing
import TimeLimits

@testable import Storing

@Suite(.endsInTime()) struct `The interval between two copies of the write-ahead log` {
    private static let millisecond: UInt64 = 1_000_000

    @Test func `becomes longer while copies are brief, up to 64 MiB`() {
        var interval = CheckpointInterval()
        var pages: [Int] = []
        for _ in 0..<3 { interval.adapt(to: 50 * Self.millisecond) }
        for _ in 0..<6 {
            pages.append(interval.pages)
            interval.adapt(to: 5 * Self.millisecond)
        }
        #expect(pages == [1024, 2048, 4096, 8192, 16384, 16384])
    }

    @Test func `becomes shorter again when copies take long, down to 4 MiB`() {
        var interval = CheckpointInterval()
        var pages: [Int] = []
        for _ in 0..<5 {
            pages.append(interval.pages)
            interval.adapt(to: 50 * Self.millisecond)
        }
        #expect(pages == [8192, 4096, 2048, 1024, 1024])
    }

    @Test func `stays when a copy is neither brief nor long`() {
        var interval = CheckpointInterval()
        interval.adapt(to: 50 * Self.millisecond)
        interval.adapt(to: 30 * Self.millisecond)
        #expect(interval.pages == 4096)
    }

    @Test func `begins anew with 32 MiB`() {
        var interval = CheckpointInterval()
        interval.adapt(to: 50 * Self.millisecond)
        interval.reset()
        #expect(interval.pages == 8192)
    }
}
