import Testing
import TimeLimits

@testable import Benchmarking

/// A report of a workload without a flaw, unless the caller changes it.
private func report(
    lost: Int = 0, subscribers: Int = 2, delivered: Int = 2000, processor: UInt64? = 3_000_000_000,
    memory: Report.Memory? = Report.Memory(before: 1 << 20, idle: 3 << 20, peak: 4 << 20),
    _ change: (inout Measurements) -> Void = { _ in }
) throws -> Report {
    let endpoint = try Endpoint("http://127.0.0.1:1/")
    var workload = Workload(subscribe: endpoint, publish: endpoint)
    workload.subscribers = subscribers
    workload.stalled = 1
    workload.slow = 1
    var measurements = Measurements()
    measurements.received = 2500
    for milliseconds in 1...100 {
        measurements.delivery.record(nanoseconds: UInt64(milliseconds) * 1_000_000)
        measurements.answer.record(nanoseconds: 2_000_000)
    }
    for _ in 0..<(subscribers + 2) { measurements.connect.record(nanoseconds: 500_000) }
    change(&measurements)
    return Report(
        workload: workload, measurements: measurements, lost: lost, seconds: 2, published: 1000, delivered: delivered,
        bytes: 100_000, processor: processor, arrivalSeconds: 0.5, arrivalProcessor: processor.map { _ in 8_000_000 },
        memory: memory)
}

/// The members of a JSON object that contains no objects, arrays or commas in strings.
private func members(_ json: String) throws -> [String: String] {
    try #require(json.hasPrefix("{") && json.hasSuffix("}\n"))
    let pairs = try json.dropFirst().dropLast(2).split(separator: ",", omittingEmptySubsequences: false).map {
        let pair = $0.split(separator: ":", omittingEmptySubsequences: false)
        try #require(pair.count == 2 && pair[0].count > 2 && pair[0].hasPrefix("\"") && pair[0].hasSuffix("\""))
        return (String(pair[0].dropFirst().dropLast()), String(pair[1]))
    }
    try #require(Set(pairs.map(\.0)).count == pairs.count, "a name is repeated")
    return Dictionary(uniqueKeysWithValues: pairs)
}

/// A number in JSON's syntax: not `inf`, not `0x1`, not `.5`.
private func number(_ text: String?) throws -> Double {
    let text = try #require(text)
    try #require(text.allSatisfy { $0.isASCII && ($0.isNumber || "+-.e".contains($0)) } && text.last!.isNumber)
    return try #require(Double(text))
}

@Suite(.endsInTime()) struct `A bench report` {
    @Test func `is an object of numbers with their units, and says whether it is flawless`() throws {
        let found = try members(try report().json)
        #expect(found["flawless"] == "true")
        let expected: [String: Double] = [
            "arrival.connections": 4, "arrival.rate.per_second": 8, "arrival.cpu.us": 2000, "arrival.p50.ms": 0.5,
            "publish.rate.per_second": 500, "publish.p99.ms": 2, "delivery.rate.per_second": 1000,
            "delivery.cpu.us": 1500, "delivery.bytes.B": 50, "delivery.p50.ms": 50, "delivery.p99.ms": 99,
            "delivery.p99.9.ms": 100, "delivery.max.ms": 100, "server.cpu.cores": 1.5, "memory.before.KiB": 1024,
            "memory.subscriber.B": 524_288, "memory.peak.KiB": 4096, "lost": 0, "missed": 0, "repeated": 0,
            "damaged": 0, "failures": 0, "cut": 0, "skipped": 0,
        ]
        for (name, value) in expected {
            let shown = try number(found[name])
            #expect(abs(shown - value) <= value / 500, "\(name): \(shown)")
        }
        for (name, value) in found where name != "flawless" { _ = try number(value) }
        #expect(found["visit.p50.ms"] == nil)
    }

    @Test func `omits figures that were not measured`() throws {
        let found = try members(try report(delivered: 0, processor: nil, memory: nil) { $0 = Measurements() }.json)
        let absent = ["cpu", "memory", "delivery.bytes", ".p50"]
        #expect(!found.keys.contains { name in absent.contains { name.contains($0) } })
        #expect(try number(found["delivery.rate.per_second"]) == 0)
    }

    @Test(arguments: ["lost", "missed", "repeated", "damaged", "failures"])
    func `is not flawless after one wrong event or request, and names it`(_ name: String) throws {
        let report = try report(lost: name == "lost" ? 1 : 0) { measurements in
            switch name {
            case "missed": measurements.missed = 1
            case "repeated": measurements.repeated = 1
            case "damaged": measurements.damaged = 1
            case "failures": measurements.fail("it broke")
            default: break
            }
        }
        #expect(!report.isFlawless)
        let found = try members(report.json)
        #expect(found["flawless"] == "false" && found[name] == "1")
        #expect(report.table.contains("NOT every subscriber got every event"))
        #expect(report.table.contains("\n  \(name) 1\n"))
        #expect(report.table.contains("the first failure: it broke") == (name == "failures"))
    }

    @Test func `is flawless even if the server disconnected slow subscribers or skipped their events`() throws {
        let report = try report {
            $0.cut = 2
            $0.skipped = 5
        }
        #expect(report.isFlawless)
        #expect(report.table.contains("Every subscriber got every event once, whole and in order: 2500 events.\n"))
        #expect(report.table.hasSuffix("Slow subscribers that the server disconnected: 2\n"))
        let found = try members(report.json)
        #expect(found["cut"] == "2" && found["skipped"] == "5" && found["flawless"] == "true")
    }

    @Test func `shows two digits after the point, or none from a thousand on`() throws {
        let lines = try report(memory: Report.Memory(before: 1 << 20, idle: 1 << 20 - 404, peak: 51 << 10)).table
            .split(separator: "\n")
        func figure(_ name: String) throws -> [Substring] {
            try #require(lines.first { $0.hasPrefix(name + " ") }).dropFirst(name.count).split(separator: " ")
        }
        #expect(try figure("delivery rate") == ["1000", "/s"])
        #expect(try figure("delivery bytes") == ["50.00", "B"])
        #expect(try figure("arrival rate") == ["8.00", "/s"])
        #expect(try figure("memory peak") == ["51.00", "KiB"])
        #expect(try figure("memory subscriber") == ["-101.00", "B"])
        #expect(try figure("server cpu") == ["1.50", "cores"])
    }
}
