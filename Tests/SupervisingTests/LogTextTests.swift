import Logging
import Testing
import TimeLimits

@testable import Supervising

@Suite(.endsInTime()) struct `A log line` {
    @Test func `stays one line whatever bytes a client sends`() {
        let line = LogText.line("closed\nREADY", [("peer", "1.2.3.4\r\n\u{1B}[31m")])
        #expect(line == #"closed\nREADY peer=1.2.3.4\r\n\u{1B}[31m"#)
    }
}
