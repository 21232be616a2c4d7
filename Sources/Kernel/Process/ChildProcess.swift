import Glibc
public import SystemPackage

/// A program that runs to its end, with nothing on its standard input.
public struct ChildProcess: Sendable {
    /// The exit code; nil when a signal ended it.
    public let code: CInt?
    /// What it wrote to standard output.
    public let output: [UInt8]
    /// What it wrote to standard error; a program that writes more than a pipe holds, 64 KiB, waits for ever.
    public let error: [UInt8]

    /// Starts a program and waits for its end. The corresponding C function is `posix_spawnp`.
    ///
    /// - Parameters:
    ///   - program: a path, or a name that is searched for in `PATH`.
    ///   - limit: bytes of standard output. A program that writes more is killed.
    /// - Throws: `noSuchFileOrDirectory` when there is no such program, or another error of starting it.
    public init(_ program: String, _ arguments: [String], outputLimit limit: Int) throws(Errno) {
        let outputPipe = try Pipe()
        let errorPipe = try Pipe()
        let process = try Self.spawn(program, arguments, outputPipe, errorPipe)
        // As long as this process has them open, the ends do not come.
        let outputEnd = outputPipe.closeStart()
        let errorEnd = errorPipe.closeStart()
        output = (try? outputEnd.readToEnd(limit: limit)) ?? []
        if output.count > limit { kill(process, SIGKILL) }
        error = (try? errorEnd.readToEnd(limit: limit)) ?? []
        var status: CInt = 0
        while unsafe waitpid(process, &status, 0) == -1, errno == EINTR {}
        code = status & 0x7F == 0 ? status >> 8 & 0xFF : nil
    }

    /// Carries the output of the program.
    private struct Pipe: ~Copyable {
        let end: Descriptor
        let start: Descriptor

        init() throws(Errno) {
            var numbers: [CInt] = [0, 0]
            guard unsafe Glibc.pipe(&numbers) == 0 else { throw Errno(rawValue: errno) }
            for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
            end = Descriptor(owning: numbers[0])
            start = Descriptor(owning: numbers[1])
        }

        consuming func closeStart() -> Descriptor { end }
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ output: borrowing Pipe, _ error: borrowing Pipe
    ) throws(Errno) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.start.number, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, error.start.number, STDERR_FILENO)
        // The daemon blocks the signals that it collects; a program that it starts must not.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let status = unsafe posix_spawnp(&process, program, &actions, &attributes, &words, environ)
        guard status == 0 else { throw Errno(rawValue: status) }
        return process
    }
}
