import Supervising
import Testing

@Suite struct `Inherited sockets` {
    @Test func `are none without systemd`() {
        InheritedSockets.take { socket in #expect(Bool(false), "\(socket.name)") }
    }
}
