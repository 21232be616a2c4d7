import Logging
import Testing

@testable import Supervising

@Suite struct `A log line` {
    @Test func `stays one line whatever bytes a client sends`() {
        let line = LogText.line("closed\nREADY", [("peer", "1.2.3.4\r\n\u{1B}[31m")])
        #expect(line == #"closed\nREADY peer=1.2.3.4\r\n\u{1B}[31m"#)
    }
}
