import Dispatch
import Foundation
import Glibc
import Synchronization
public import Testing

/// Ends the test process with a failure when a test hangs, and names the test.
///
/// The limit of the library itself is a matter of minutes, and cannot end a call that blocks. This one has a thread of
/// its own. A suite gives its limit to each of its tests; a test may have another. Tests that run side by side slow one
/// another down, so a test that takes too long is spared while others come to their end.
public struct TimeLimit: SuiteTrait, TestTrait, TestScoping {
    private let seconds: Int

    /// See `SuiteTrait.isRecursive`.
    public var isRecursive: Bool { true }

    fileprivate init(seconds: Int) {
        self.seconds = seconds
    }

    /// Runs one case of a test with its limit.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // The innermost limit is the one that counts.
        guard test.traits.compactMap({ $0 as? TimeLimit }).last?.seconds == seconds else { return try await function() }
        let run = Run()
        watch(run, test, until: .now() + .seconds(seconds))
        defer {
            run.isOver.store(true, ordering: .relaxed)
            Self.lastEnd.withLock { $0 = .now() }
        }
        try await function()
    }

    private final class Run: Sendable {
        let isOver = Atomic<Bool>(false)
    }

    /// When a test came to its end.
    private static let lastEnd = Mutex<DispatchTime>(.now())
    /// It has a thread when it needs one, whatever all the other threads do.
    private static let watchdog = DispatchQueue(label: "test-time-limits")

    private func watch(_ run: Run, _ test: Test, until deadline: DispatchTime) {
        Self.watchdog.asyncAfter(deadline: deadline) {
            if run.isOver.load(ordering: .relaxed) { return }
            let other = Self.lastEnd.withLock { $0 } + .seconds(seconds)
            if other > .now() { watch(run, test, until: other) } else { end(test) }
        }
    }

    private func end(_ test: Test) {
        let (name, place) = (test.displayName ?? test.name, test.sourceLocation)
        let sentence = "Hung: \(name) (\(place.fileName):\(place.line)) took longer than \(seconds) s.\n"
        FileHandle.standardError.write(Data(sentence.utf8))
        // The daemon of the test would live on.
        for process in Self.descendants(of: "self") { kill(process, SIGKILL) }
        _exit(EXIT_FAILURE)
    }

    /// The processes that one has started, and those that these have started.
    private static func descendants(of process: String) -> [pid_t] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        let lists = threads.compactMap {
            try? String(contentsOfFile: "/proc/\(process)/task/\($0)/children", encoding: .utf8)
        }
        let children = lists.flatMap { $0.split(separator: " ").compactMap { pid_t($0) } }
        return children + children.flatMap { descendants(of: "\($0)") }
    }
}

extension Trait where Self == TimeLimit {
    /// Each test ends in time: within a minute unless it says more, and within ten times as long under a sanitizer.
    /// `TEST_TIME_LIMIT` sets other seconds for all of them.
    public static func endsInTime(seconds: Int = 60) -> TimeLimit {
        let override = unsafe getenv("TEST_TIME_LIMIT").flatMap { unsafe Int(String(cString: $0)) }
        let isSanitized = unsafe getenv("TEST_SANITIZED") != nil
        return TimeLimit(seconds: override ?? (isSanitized ? 10 * seconds : seconds))
    }
}
