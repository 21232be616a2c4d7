import EventStreams
import Glibc
import Kernel
import Testing

/// Many subscribers, each of which checks what it gets.
struct SubscriberPool: ~Copyable {
    /// One of them.
    private struct Member {
        let channel: Int
        var parser = EventStreamParser()
        var isOpen = false
        var decoder = StreamDecoder()
        var next = 0
    }

    private let sockets: [Client]
    private var members: [Member]
    private var poller: Poller
    private(set) var opened = 0
    private(set) var finished = 0
    private let events: Int
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)

    /// Connects `count` subscribers, spread over channels `c0`, `c1` and so on, each to get so many events.
    init(
        _ count: Int, channels: Int, events: Int, port: UInt16
    ) throws {
        let poller = try Poller()
        var sockets: [Client] = []
        var members: [Member] = []
        for number in 0..<count {
            let client = try Client(port)
            try client.send("GET /events/c\(number % channels) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try client.socket.setNonBlocking(true)
            try poller.watch(client.socket, token: UInt64(number))
            sockets.append(client)
            members.append(Member(channel: number % channels))
        }
        self.poller = poller
        self.events = events
        self.sockets = sockets
        self.members = members
    }

    /// Reads until `isDone`; fails when nothing comes for twenty seconds.
    mutating func read(until isDone: (borrowing SubscriberPool) -> Bool) throws {
        while !isDone(self) {
            let ready = try poller.wait(milliseconds: 20_000)
            try #require(ready > 0, "\(opened) opened, \(finished) finished, and nothing more comes")
            for index in 0..<ready { try read(Int(poller[index].token)) }
        }
    }

    private mutating func read(_ number: Int) throws {
        while case .bytes(let count) = sockets[number].socket.read(into: &buffer) {
            let bytes = try members[number].decoder.feed(buffer[..<count])
            for item in try members[number].parser.feed(bytes) { try take(item, number) }
        }
    }

    private mutating func take(_ item: StreamItem, _ number: Int) throws {
        switch item {
        case .comment, .retry:
            if !members[number].isOpen { opened += 1 }
            members[number].isOpen = true
        case .event(_, let data, _):
            let expected = "c\(members[number].channel) \(members[number].next)"
            try #require(
                data == expected, "subscriber \(number) got \(data.prefix(20)) for \(expected)")
            members[number].next += 1
            if members[number].next == events { finished += 1 }
        }
    }
}
