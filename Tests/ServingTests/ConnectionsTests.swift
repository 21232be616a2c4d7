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
        let first = connections.takeOther().flatMap { connections.slot(of: $0) }
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
        while connections.takeOther() != nil {}
        connections.startReading(ready: 1)
        let hasOne = !connections.hasSeveralReaders
        connections.startReading(ready: 2)
        let hasSeveral = connections.hasSeveralReaders
        #expect(hasOne && hasSeveral)
    }

    @Test func `reads a quick connection before the others, however long they have waited`() throws {
        var connections = Connections()
        let slots = try (0..<3).map { _ in connections.insert(try Self.connection()) }
        for slot in slots { _ = connections.noteInput(slot, hasHungUp: false) }
        connections[slots[2]].isQuick = true
        connections.queueToContinue(slots[0])
        connections.queueRead(slots[1])
        connections.queueRead(slots[2])
        let quick = connections.takeQuick().flatMap { connections.slot(of: $0) }
        let hasOthers = connections.takeQuick() == nil
        #expect(quick == slots[2] && hasOthers)
        let others = [connections.takeOther(), connections.takeOther(), connections.takeOther()]
        #expect(others.map { $0.flatMap { connections.slot(of: $0) } } == [slots[0], slots[1], nil])
    }
}
