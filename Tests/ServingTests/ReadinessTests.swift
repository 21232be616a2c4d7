import Broadcasting
import Kernel
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `A check of readiness` {
    @Test func `names the loop that does not turn`() throws {
        let port = try LoopPort()
        let hub = Hub(epoch: Epoch(description: "e"), policy: HistoryPolicy(), mailboxes: [port.mailbox])
        let checks = try ReadinessChecks(hub, [port])
        let thread = try Thread(named: "checks") { checks.run() }
        checks.check(for: Connections.Token(slot: 1, generation: 1), of: 0)
        var found: Answer?
        while found == nil {
            for command in port.collectCommands() {
                switch command {
                case .answered(_, let answer): found = try answer.get()
                case .watchCanary(let socket): _ = Descriptor(owning: socket)
                default: break
                }
            }
        }
        checks.stop()
        thread.join()
        let answer = try #require(found)
        #expect(answer.status == 503)
        let body = String(decoding: answer.body, as: UTF8.self)
        #expect(body.contains(#""loops":{"ok":false,"reason":"event loop 0 does not answer"}"#), "\(body)")
    }
}
