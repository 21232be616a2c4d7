import Glibc
import Kernel
import Subprocess
import SystemPackage
import Testing
import TimeLimits

/// The real binary, built beside the tests.
let binary: FilePath = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
    return FilePath(String(decoding: buffer[..<count], as: UTF8.self)).removingLastComponent().appending("crier")
}()

/// All tests of the real binary, one at a time: each has the machine for itself and its deadlines mean something.
@Suite(.serialized, .endsInTime()) enum RealProcess {}

/// Whether daemon and tests run under a sanitizer, which is slow and keeps freed memory in order to catch its use.
let isSanitized = unsafe getenv("TEST_SANITIZED") != nil

/// A daemon that runs for as long as a test.
struct Daemon: Sendable {
    let pid: pid_t
    /// The TCP ports it listens on, in the order of its flags.
    let ports: [UInt16]

    var port: UInt16 { ports[0] }

    func signal(_ signal: CInt) { kill(pid, signal) }

    /// Open descriptors of the process.
    var descriptors: Int {
        get throws {
            let names = Directory.names("/proc/\(pid)/fd")
            // A process that runs has some.
            try #require(!names.isEmpty)
            return names.count
        }
    }

    /// KiB of anonymous memory that is resident.
    var anonymousMemory: Int {
        get throws {
            let status = try text(of: "/proc/\(pid)/status")
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
            return try #require(Int(line.split { !$0.isNumber }[0]))
        }
    }
}

/// How a daemon ends.
enum DaemonEnd {
    /// ``withDaemon`` stops it after the test.
    case stopped
    /// The test stops it. A second signal would end it at once.
    case stoppedByTest
    /// The test kills it.
    case killed
}

/// Runs a test against a daemon of its own, on ports that the kernel chooses, and checks that it stops cleanly.
///
/// - Parameters:
///   - end: how the daemon ends.
///   - log: gets the lines that the daemon wrote to standard error after its start.
func withDaemon(
    _ arguments: [String] = [], listen: [String] = ["127.0.0.1:0"], environment: [String: String] = [:],
    end: DaemonEnd = .stopped, log check: ([String]) throws -> Void = { _ in }, _ body: (Daemon) async throws -> Void
) async throws {
    let flags = ["serve"] + listen.flatMap { ["--listen", $0] } + arguments
    let variables = Environment.inherit.updating(
        Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(rawValue: $0.key)!, Optional($0.value)) }))
    var lines: [String] = []
    let result = try await run(
        .path(binary), arguments: Arguments(flags), environment: variables, input: .none, output: .discarded,
        error: .sequence
    ) { execution in
        var log = execution.standardError.strings().makeAsyncIterator()
        var ports: [UInt16] = []
        while let line = try await log.next() {
            if let address = line.firstRange(of: "address=") {
                ports.append(UInt16(line[address.upperBound...].split(separator: ":").last ?? "") ?? 0)
            }
            if line.contains("info: ready") { break }
            lines.append(line)
        }
        let daemon = Daemon(pid: execution.processIdentifier.value, ports: ports)
        do {
            try #require(!ports.isEmpty, "the daemon did not start: \(lines)")
            lines = []
            try await body(daemon)
            if end == .stopped { daemon.signal(SIGTERM) }
        } catch {
            daemon.signal(SIGKILL)
            throw error
        }
        while let line = try await log.next() { lines.append(line) }
    }
    let status: TerminationStatus = end == .killed ? .signaled(SIGKILL) : .exited(0)
    #expect(result.terminationStatus == status, "\(lines.joined(separator: "\n"))")
    try check(lines)
}

/// Waits until a condition holds, by checking it again and again. Each check asks the daemon or the kernel, and so takes
/// its time. Fails after so many seconds, or more under a sanitizer.
func eventually(_ what: String, within seconds: Int = 30, _ look: () throws -> Bool) async throws {
    let deadline = time(nil) + (isSanitized ? 3 * seconds : seconds)
    while try !look() {
        try #require(time(nil) < deadline, "it never happened that \(what)")
        // Other tasks, such as those that start processes, run on the same few threads.
        await Task.yield()
    }
}

func text(of path: String) throws -> String {
    let file = try Descriptor.open(path, O_RDONLY)
    var bytes = [UInt8](repeating: 0, count: 64 * 1024)
    guard case .bytes(let count) = file.read(into: &bytes) else { throw Errno.ioError }
    return String(decoding: bytes[..<count], as: UTF8.self)
}
