import Kernel

/// The parsers of bytes that strangers send, each with a property that must hold for every input.
let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "requests": Requests.run, "event-streams": EventStreamBodies.run, "envelopes": EnvelopeBodies.run,
    "names": Names.run,
    "tokens": Tokens.run, "configuration": ConfigurationFiles.run, "proxy-headers": ProxyHeaders.run,
    "rows": DatabaseRows.run, "urls": URLs.run, "log-entries": LogEntries.run,
]

/// The target that the environment names.
private let target: @Sendable ([UInt8]) -> Void = {
    let name = Environment["FUZZ_TARGET"] ?? ""
    guard let target = targets[name] else {
        fatalError("FUZZ_TARGET must be one of: \(targets.keys.sorted().joined(separator: " "))")
    }
    return target
}()

/// libFuzzer calls this with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe target(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// Ends the run when a property does not hold: libFuzzer keeps the input.
func require(_ holds: Bool, _ property: @autoclosure () -> String) {
    if !holds { fatalError(property()) }
}

/// Cuts of the input into pieces, chosen by its own bytes: whole, byte by byte, and at places that differ for each input.
func cuts(of bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
    let seed = bytes.reduce(UInt64(bytes.count)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    var pieces: [ArraySlice<UInt8>] = []
    var (rest, state) = (bytes[...], seed)
    while !rest.isEmpty {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let count = Int(state >> 33) % 17 + 1
        pieces.append(rest.prefix(count))
        rest = rest.dropFirst(count)
    }
    return [[bytes[...]], bytes.indices.map { bytes[$0...$0] }, pieces]
}
