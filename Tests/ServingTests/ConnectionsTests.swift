import Glibc
import Kernel
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `The queue of unread connections` {
    private static func connection() throws -> Connection {
        var numbers: [CInt] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &numbers) == 0)
        close(numbers[1])
        return Connection(
            Transport(Descriptor(owning: numbers[0])), Arrival(listener: 0, admission: .served, address: .none))
    }

    @Test func `has each connection once, however often it sends while it waits`() throws {
        var connections = Connections()
        let slots = [connections.insert(try Self.connection()), connections.insert(try Self.connection())]
        for slot in slots {
            let mayRead = connections.noteInput(slot, hasHungUp: false)
            #expect(mayRead)
            connections.queueRead(slot)
        }
        for _ in 0..<100 {
            let mayRead = connections.noteInput(slots[0], hasHungUp: false)
            #expect(!mayRead)
            connections.queueRead(slots[0])
        }
        let count = connections.unreadCount
        #expect(count == 2)
        let first = connections.takeUnread().flatMap { connections.slot(of: $0) }
        #expect(first == slots[0])
    }

    @Test func `tells that several connections send while more than one is in it`() throws {
        var connections = Connections()
        for expected in [false, true] {
            let slot = connections.insert(try Self.connection())
            _ = connections.noteInput(slot, hasHungUp: false)
            connections.queueRead(slot)
            connections.startReading(ready: 0)
            let hasSeveral = connections.hasSeveralReaders
            #expect(hasSeveral == expected)
        }
        while connections.takeUnread() != nil {}
        connections.startReading(ready: 1)
        let hasOne = !connections.hasSeveralReaders
        connections.startReading(ready: 2)
        let hasSeveral = connections.hasSeveralReaders
        #expect(hasOne && hasSeveral)
    }

    @Test func `serves a connection that continues after those that wait for their first turn`() throws {
        var connections = Connections()
        let slots = try (0..<3).map { _ in connections.insert(try Self.connection()) }
        for slot in slots { _ = connections.noteInput(slot, hasHungUp: false) }
        connections.queueToContinue(slots[0])
        connections.queueRead(slots[1])
        connections.queueRead(slots[2])
        var order: [UInt32] = []
        while let token = connections.takeUnread() { order += connections.slot(of: token).map { [$0] } ?? [] }
        #expect(order == [slots[1], slots[2], slots[0]])
    }
}
