import EventStreams

/// An event stream is read the same way however its bytes are cut, and what crier accepts from a publisher a client reads
/// as the publisher meant it.
enum EventStreamBodies {
    static func run(_ bytes: [UInt8]) {
        let clients = cuts(of: bytes).map(readAsClient)
        for reading in clients { require(reading == clients[0], "\(reading) is not \(clients[0])") }
        let readings = cuts(of: bytes).map(read)
        for reading in readings { require(reading == readings[0], "\(reading) is not \(readings[0])") }
        for event in readings[0].events { check(event) }
    }

    private static func readAsClient(_ pieces: [ArraySlice<UInt8>]) -> [StreamItem] {
        var parser = EventStreamParser(limit: 4096)
        var items: [StreamItem] = []
        for piece in pieces {
            guard let more = try? parser.feed(piece) else { break }
            items += more
        }
        return items
    }

    private struct Reading: Equatable {
        var events: [Event] = []
        var fault: EventStreamReader.Failure?
    }

    private static func read(_ pieces: [ArraySlice<UInt8>]) -> Reading {
        var reader = EventStreamReader(limit: 4096)
        var reading = Reading()
        for piece in pieces {
            do throws(EventStreamReader.Failure) { try reader.feed(Array(piece).span, into: &reading.events) } catch {
                reading.fault = error
                return reading
            }
        }
        do throws(EventStreamReader.Failure) { try reader.finish() } catch { reading.fault = error }
        return reading
    }

    /// Encodes an event, and reads it as a client does: nothing is added, and nothing is lost.
    static func check(_ event: Event) {
        var parser = EventStreamParser()
        let items = (try? parser.feed(EventEncoder.encode(event))) ?? []
        let dispatched = items.compactMap { item -> (String, String, String)? in
            if case .event(let type, let data, let id) = item { (type, data, id) } else { nil }
        }
        guard let data = event.data else { return require(dispatched.isEmpty, "\(event) without data became \(items)") }
        require(dispatched.count == 1, "\(event) became \(items)")
        require(dispatched[0].0 == event.name?.description ?? "message", "the type of \(event) became \(items)")
        require(dispatched[0].2 == event.id?.description ?? "", "the id of \(event) became \(items)")
        require(Array(dispatched[0].1.utf8) == lines(data.bytes), "the data of \(event) became \(items)")
    }

    /// The data with a line feed for each line break (WHATWG HTML 9.2.5).
    private static func lines(_ bytes: [UInt8]) -> [UInt8] {
        var lines: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A, index > 0, bytes[index - 1] == 0x0D { continue }
            lines.append(byte == 0x0D ? 0x0A : byte)
        }
        return lines
    }
}
