import Kernel
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The clock` {
    @Test func `never decreases, and its units agree`() {
        let first = Clock.monotonic
        #expect(Clock.monotonic >= first)
        #expect(Clock.monotonicMicroseconds / 1000 >= first)
        #expect(Clock.realtime > 1_700_000_000_000)
    }
}
