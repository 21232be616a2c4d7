/// How long a message, or a hook, waits after a failure: ever longer, and never exactly as long as another one.
enum HookPause {
    private static let longest: UInt64 = 300_000

    /// - Parameter failures: 1 or more in a row.
    static func milliseconds(after failures: Int) -> UInt64 {
        let pause = min(longest, 1000 << UInt64(min(failures - 1, 10)))
        return UInt64.random(in: pause / 2...pause * 3 / 2)
    }
}
