import Glibc
import Kernel
import SeededRandom
import Subprocess
import SystemPackage
import Testing
import TimeLimits

private func flags(_ directory: String, _ more: String...) -> [String] {
    (["history.store=sqlite", "history.path=\(directory)/history.db"] + more).flatMap { ["--set", $0] }
}

/// The exit code and the log of a daemon that does not start.
private func failure(_ flags: [String]) async throws -> (code: Int32, error: String) {
    let result = try await run(
        .path(binary), arguments: Arguments(["serve", "--listen", "127.0.0.1:0"] + flags), input: .none,
        output: .discarded, error: .string(limit: 64 * 1024))
    guard case .exited(let code) = result.terminationStatus else { return (-1, "\(result.terminationStatus)") }
    return (code, result.standardError)
}

private func bytes(of path: String) throws -> [UInt8] {
    let file = try Descriptor.open(path, O_RDONLY)
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while case .bytes(let count) = file.read(into: &buffer) { all += buffer[..<count] }
    return all
}

private func write(_ bytes: [UInt8], to path: String) throws {
    let opened = unsafe fopen(path, "w")
    try #require(unsafe opened != nil)
    let file = unsafe opened!
    let written = unsafe fwrite(bytes, 1, bytes.count, file)
    try #require(written == bytes.count)
    unsafe fclose(file)
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}

extension RealProcess {
    @Suite(.endsInTime()) struct `Durable history` {
        @Test(arguments: ["history.db", "history.db-wal"])
        func `answers 503 once someone has removed its file`(name: String) async throws {
            let directory = try TemporaryDirectory()
            try await withDaemon(flags(directory.path)) { daemon in
                let id = try publish(daemon.port, "a", "kept")
                unsafe unlink("\(directory.path)/\(name)")
                let refused = try request(daemon.port, "POST /events/a", body: "lost")
                #expect(refused.status == 503 && refused.body.contains("was removed or replaced"))
                let subscriber = try Client.subscribed(daemon.port, "/events/a?replay=all")
                #expect(try subscriber.event() == "id: \(id)\ndata: kept")
            }
        }

        @Test func `resumes where it was after a stop and after kill -9`() async throws {
            let directory = try TemporaryDirectory()
            var ids: [String] = []
            for (round, end) in [DaemonEnd.killed, .stopped, .killed, .stopped].enumerated() {
                // crier reads from memory in one round, and from the file in the next.
                let memory = round % 2 == 0 ? "64MiB" : "0B"
                try await withDaemon(flags(directory.path, "history.memory=\(memory)"), end: end) { daemon in
                    if let last = ids.last {
                        let subscriber = try Client.subscribed(daemon.port, "/events/a", lastEventID: ids[0])
                        for id in ids.dropFirst() { #expect(try subscriber.event().hasPrefix("id: \(id)\n")) }
                        let live = try Client.subscribed(daemon.port, "/events/*", lastEventID: last)
                        ids.append(try publish(daemon.port, "a", "next"))
                        #expect(try live.event() == "id: \(ids.last ?? "")\ndata: next")
                    }
                    for number in 0..<5 { ids.append(try publish(daemon.port, "a", "\(number)")) }
                    if end == .killed { daemon.signal(SIGKILL) }
                }
            }
            let epochs = Set(ids.compactMap { $0.split(separator: "-").first })
            #expect(epochs.count == 4, "each process begins an epoch")
            #expect(ids.compactMap { Int($0.split(separator: "-")[1]) } == Array(1...ids.count))
        }

        @Test func `that is put back from a copy tells every client that was ahead of it`() async throws {
            let directory = try TemporaryDirectory()
            let file = "\(directory.path)/history.db"
            var (kept, ahead) = ("", "")
            try await withDaemon(flags(directory.path)) { daemon in kept = try publish(daemon.port, "a", "kept") }
            let copy = try bytes(of: file)
            try await withDaemon(flags(directory.path)) { daemon in
                for number in 0..<5 { ahead = try publish(daemon.port, "a", "lost \(number)") }
            }
            try write(copy, to: file)
            for suffix in ["-wal", "-shm"] { unsafe unlink(file + suffix) }
            try await withDaemon(flags(directory.path)) { daemon in
                let early = try Client.subscribed(daemon.port, "/events/a", lastEventID: ahead)
                #expect(try early.event().contains("event: crier.gap"))
                var next = ""
                // The log gives the numbers of the lost events to others, and more.
                for number in 0..<9 { next = try publish(daemon.port, "a", "new \(number)") }
                #expect(next.hasSuffix("-10") && ahead.hasSuffix("-6"))
                let late = try Client.subscribed(daemon.port, "/events/a", lastEventID: ahead)
                #expect(try late.event().contains("event: crier.gap"))
                #expect(try late.event().hasPrefix("id: \(kept)\n"), "everything that is retained follows")
                let before = try Client.subscribed(daemon.port, "/events/a", lastEventID: kept)
                #expect(try before.event().hasSuffix("data: new 0"), "nothing is missing after a position in the copy")
            }
        }

        @Test func `keeps deletions, ids of publishers and idempotency keys across restarts`() async throws {
            let directory = try TemporaryDirectory()
            var receipt = ""
            var before = ""
            try await withDaemon(flags(directory.path), end: .killed) { daemon in
                before = try publish(daemon.port, "a,b", "both", query: "?id=mine")
                try publish(daemon.port, "a,b", "after mine")
                receipt = try request(
                    daemon.port, "POST /events/a,b", body: "once", fields: ["Idempotency-Key: \"k\""]
                ).body
                try publish(daemon.port, "gone", "x")
                #expect(try request(daemon.port, "DELETE /channels/gone").status == 200)
                daemon.signal(SIGKILL)
            }
            try await withDaemon(flags(directory.path)) { daemon in
                let again = try request(daemon.port, "POST /events/a,b", body: "once", fields: ["Idempotency-Key: k"])
                #expect(again.body == receipt)
                let reused = try request(daemon.port, "POST /events/a,b", body: "other", fields: ["Idempotency-Key: k"])
                #expect(reused.status == 422)
                #expect(try request(daemon.port, "GET /events/gone").status == 204)
                let subscriber = try Client.subscribed(daemon.port, "/events/a,b", lastEventID: before)
                #expect(try subscriber.event().hasSuffix("data: after mine"))
                #expect(try subscriber.event().hasSuffix("data: once"))
                try publish(daemon.port, "gone", "back")
                let back = try Client.subscribed(daemon.port, "/events/gone?replay=all")
                #expect(try back.event().hasSuffix("data: back"))
            }
        }

        @Test func `holds no more than the current limits allow`() async throws {
            let directory = try TemporaryDirectory()
            var first = ""
            try await withDaemon(flags(directory.path)) { daemon in
                first = try publish(daemon.port, "a", "0")
                for number in 1..<20 { try publish(daemon.port, "a", "\(number)") }
            }
            for _ in 0..<2 {
                try await withDaemon(flags(directory.path, "history.events=3", "history.memory=0B")) { daemon in
                    let subscriber = try Client.subscribed(daemon.port, "/events/a", lastEventID: first)
                    #expect(try subscriber.event().hasPrefix("event: crier.gap\n"))
                    for number in 17..<20 { #expect(try subscriber.event().hasSuffix("data: \(number)")) }
                }
            }
        }

        @Test func `answers 503 while the disk is full, and recovers when there is room`() async throws {
            guard let disk = try SmallDisk(size: "2m") else { return }
            var answered: [String] = []
            try await withDaemon(flags(disk.path, "history.events=100000")) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                func attempt(_ number: Int) throws -> Int {
                    let data = "\(number) " + String(repeating: "x", count: 2000)
                    let answer = try request(daemon.port, "POST /events/a", body: data)
                    if answer.status == 200 {
                        answered.append(data)
                    } else {
                        #expect(answer.status == 503 && answer.head.contains("Content-Type: application/problem+json"))
                        #expect(answer.body.contains("The event cannot be stored: "), "\(answer.body)")
                    }
                    return answer.status
                }
                for number in 0..<20 { #expect(try attempt(number) == 200) }
                try disk.fill()
                // The file still has some free pages.
                var number = 20
                while try attempt(number) == 200 { number += 1 }
                try #require(number < 2000)
                for _ in 0..<10 { _ = try attempt(5000) }
                // The answer to a streamed body says where it stopped.
                let stream = try request(
                    daemon.port, "POST /events/a", body: #"{"data":"\#(String(repeating: "y", count: 9000))"}"# + "\n",
                    fields: ["Content-Type: application/x-ndjson"])
                #expect(stream.status == 503 && stream.body.contains("Nothing was published."))
                #expect(try request(daemon.port, "DELETE /channels/a").status == 503)
                disk.makeRoom()
                try await eventually("publishing works again") { try attempt(6000) == 200 }
                for data in answered { #expect(try subscriber.event().hasSuffix("\ndata: \(data)")) }
            }
            try await withDaemon(flags(disk.path, "history.events=100000", "history.memory=0B")) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a?replay=all")
                for data in answered { #expect(try subscriber.event().hasSuffix("\ndata: \(data)")) }
                try publish(daemon.port, "a", "end")
                #expect(try subscriber.event().hasSuffix("\ndata: end"))
            }
        }

        @Test func `ends and opens channels again while the disk is full now and then, and a restart agrees`()
            async throws
        {
            guard let disk = try SmallDisk(size: "8m") else { return }
            // The state of each channel by the answers: its events since the last end, and whether it has ended.
            var states: [String: (events: [String], isEnded: Bool)] = [:]
            var generator = SplitMix(state: 11)
            try await withDaemon(flags(disk.path, "history.events=100000")) { daemon in
                var (published, failed) = (0, 0)
                for round in 0..<6 {
                    if round % 2 == 1 { try disk.fill() } else { disk.makeRoom() }
                    for number in 0..<60 {
                        let channel = "c\(Int.random(in: 0..<3, using: &generator))"
                        let state = states[channel] ?? ([], false)
                        if Int.random(in: 0..<3, using: &generator) == 0 {
                            let status = try request(daemon.port, "DELETE /channels/\(channel)").status
                            if status == 200 { states[channel] = ([], true) }
                            #expect([200, 404, 503].contains(status))
                            if status == 503 { failed += 1 }
                        } else {
                            let data = "\(round) \(number) " + String(repeating: "x", count: 3000)
                            let status = try request(daemon.port, "POST /events/\(channel)", body: data).status
                            if status == 200 {
                                states[channel] = (state.isEnded ? [data] : state.events + [data], false)
                                published += 1
                            } else {
                                #expect(status == 503)
                                failed += 1
                            }
                        }
                    }
                }
                #expect(published > 20 && failed > 20, "\(published) published, \(failed) failed")
                disk.makeRoom()
                try await eventually("publishing works again") {
                    try request(daemon.port, "POST /events/last", body: "x").status == 200
                }
            }
            try await withDaemon(flags(disk.path, "history.events=100000")) { daemon in
                for (channel, state) in states.sorted(by: { $0.key < $1.key }) {
                    if state.isEnded {
                        #expect(try request(daemon.port, "GET /events/\(channel)").status == 204, "\(channel)")
                        continue
                    }
                    let subscriber = try Client.subscribed(daemon.port, "/events/\(channel)?replay=all")
                    for data in state.events { #expect(try subscriber.event().hasSuffix("\ndata: \(data)")) }
                    try publish(daemon.port, channel, "end")
                    #expect(try subscriber.event().hasSuffix("\ndata: end"))
                }
            }
        }

        @Test func `does not start on a read-only file system, and starts later without loss`() async throws {
            guard let disk = try SmallDisk(size: "4m") else { return }
            try await withDaemon(flags(disk.path)) { daemon in try publish(daemon.port, "a", "1") }
            try disk.setReadOnly(true)
            let outcome = try await failure(flags(disk.path))
            #expect(outcome.code == 1 && outcome.error.contains("\(disk.path)/history.db"), "\(outcome)")
            #expect(outcome.error.contains("cannot be"), "\(outcome)")
            try disk.setReadOnly(false)
            try await withDaemon(flags(disk.path)) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events/a?replay=all")
                #expect(try subscriber.event().hasSuffix("data: 1"))
            }
        }

        @Test func `does not start on a file of another program, and leaves it unchanged`() async throws {
            let directory = try TemporaryDirectory()
            let path = "\(directory.path)/history.db"
            try write(
                Array(
                    "This is no database, but it is longer than a header of one would be: \(String(repeating: "x", count: 2000))"
                        .utf8), to: path)
            let before = try bytes(of: path)
            let outcome = try await failure(flags(directory.path))
            #expect(
                outcome.code == 1 && outcome.error.contains("\(path): the file is no SQLite database"), "\(outcome)")
            #expect(try bytes(of: path) == before)
            let missing = try await failure(flags("\(directory.path)/missing"))
            #expect(missing.code == 1 && missing.error.contains("missing/history.db"), "\(missing)")
        }

        @Test func `serves one daemon at a time`() async throws {
            let directory = try TemporaryDirectory()
            try await withDaemon(flags(directory.path)) { _ in
                let outcome = try await failure(flags(directory.path))
                #expect(outcome.code == 1 && outcome.error.contains("another crier has the file open"), "\(outcome)")
            }
        }

        /// A history file, and the events in it.
        private func sound() async throws -> (file: [UInt8], events: [String], first: String) {
            let directory = try TemporaryDirectory()
            var events: [String] = []
            var first = ""
            try await withDaemon(flags(directory.path)) { daemon in
                for number in 0..<60 {
                    let data = "\(number) " + String(repeating: "abcdefgh", count: 25)
                    let id = try publish(daemon.port, "c\(number % 3)", data)
                    if number == 0 { first = id }
                    events.append("id: \(id)\ndata: \(data)")
                }
            }
            return (try bytes(of: "\(directory.path)/history.db"), events, first)
        }

        /// Starts a daemon on a file that may be damaged.
        ///
        /// - Returns: whether it started.
        private func check(
            _ file: [UInt8], _ events: [String], _ first: String, memory: String, _ comment: String
        ) async throws -> Bool {
            let directory = try TemporaryDirectory()
            try write(file, to: "\(directory.path)/history.db")
            let outcome = try await run(
                .path(binary),
                arguments: Arguments(
                    ["serve", "--listen", "127.0.0.1:0"] + flags(directory.path, "history.memory=\(memory)")),
                input: .none, output: .discarded, error: .sequence
            ) { execution in
                var port: UInt16 = 0
                var said: [String] = []
                for try await line in execution.standardError.strings() {
                    said.append(line)
                    if let address = line.firstRange(of: "address=127.0.0.1:") {
                        port = UInt16(line[address.upperBound...].prefix { $0.isNumber }) ?? 0
                    }
                    guard line.contains("info: ready") else { continue }
                    defer { kill(execution.processIdentifier.value, SIGTERM) }
                    // crier serves published events only, and tells of those that are missing.
                    for position in [first, nil] {
                        let client = try Client.subscribed(
                            port, "/events?channel=*&channel=c0&replay=all", lastEventID: position)
                        let answer = try request(port, "POST /events/c0", body: "sentinel")
                        #expect([200, 503].contains(answer.status), "\(comment): \(answer)")
                        if answer.status == 503 { continue }
                        // A disk that fails while it is read may cut the stream short.
                        guard let text = try? client.read(until: "data: sentinel\n\n") else { continue }
                        let got = text.components(separatedBy: "\n\n").filter {
                            !$0.isEmpty && !$0.hasSuffix("data: sentinel")
                        }
                        let hasGap = got.contains { $0.hasPrefix("event: crier.gap") }
                        let served = got.filter { !$0.hasPrefix("event: crier.gap") }
                        #expect(served.allSatisfy(events.contains), "\(comment): something else was served")
                        #expect(Set(served).count == served.count, "\(comment): something was served twice")
                        if position != nil {
                            #expect(hasGap || served.count == events.count - 1, "\(comment): missing without a word")
                        }
                    }
                }
                return port == 0 || !said.contains { $0.contains("info: ready") }
            }
            let isRefused = outcome.closureResult
            let expected: TerminationStatus = .exited(isRefused ? 1 : 0)
            #expect(outcome.terminationStatus == expected, "\(comment)")
            return !isRefused
        }

        @Test func `that was truncated is refused, or served without a wrong event`() async throws {
            let (file, events, first) = try await sound()
            #expect(try await check(file, events, first, memory: "0B", "whole"))
            var started = 0
            for size in Array(stride(from: 0, to: file.count, by: 4096)) + [1, 100, 5000, file.count - 1] {
                if try await check(Array(file[..<size]), events, first, memory: "64MiB", "cut at \(size)") {
                    started += 1
                }
            }
            #expect(started >= 1, "an empty file is a new history")
        }

        @Test func `with flipped bits is refused, or served without a wrong event`() async throws {
            let (file, events, first) = try await sound()
            var generator = SplitMix(state: 4711)
            var started = 0
            let rounds = isSanitized ? 10 : 60
            for round in 0..<rounds {
                var damaged = file
                for _ in 0..<[1, 1, 4, 16].randomElement(using: &generator)! {
                    let place = Int.random(in: 0..<file.count, using: &generator)
                    damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                }
                let memory = round % 2 == 0 ? "0B" : "64MiB"
                if try await check(damaged, events, first, memory: memory, "round \(round)") { started += 1 }
            }
            #expect((1..<rounds).contains(started) || isSanitized)
        }
    }
}
