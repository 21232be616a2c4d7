import CLinux
import Glibc
import Synchronization
public import SystemPackage

/// A program that runs to its end.
public struct ChildProcess: Sendable {
    /// The exit code; nil when a signal ended it.
    public let code: CInt?
    /// What it wrote to standard output.
    public let output: [UInt8]
    /// What it wrote to standard error.
    public let error: [UInt8]

    /// Starts a program and waits for its end. The corresponding C function is `posix_spawnp`.
    ///
    /// - Parameters:
    ///   - program: a path, or a name that is searched for in `PATH`.
    ///   - input: its standard input; nil for nothing.
    ///   - files: its descriptors from 3 on, up to 50.
    ///   - fileLimit: bytes that a file may have that it writes to.
    ///   - limit: bytes that it may write to standard output, and to standard error. A program that writes more is killed.
    ///   - milliseconds: that it may take. A program that takes longer is killed.
    ///   - watch: gets its output as it comes, and returns whether to go on. Otherwise the program is killed.
    ///   - watchError: gets its standard error as it comes.
    /// - Throws: `noSuchFileOrDirectory` when there is no such program, or another error of starting it.
    public init(
        _ program: String, _ arguments: [String], input: MemoryFile? = nil, passing files: [MemoryFile] = [],
        fileLimit: Int? = nil, outputLimit limit: Int, within milliseconds: UInt64 = .max,
        watch: (ArraySlice<UInt8>) -> Bool = { _ in true }, watchError: (ArraySlice<UInt8>) -> Void = { _ in }
    ) throws(Errno) {
        let outputPipe = try Pipe()
        let errorPipe = try Pipe()
        let process = try Self.spawn(program, arguments, input, files, outputPipe, errorPipe)
        if let fileLimit {
            var limits = rlimit(rlim_cur: UInt(fileLimit), rlim_max: UInt(fileLimit))
            unsafe prlimit(process, UInt32(RLIMIT_FSIZE.rawValue), &limits, nil)
        }
        // As long as this process has them open, the ends do not come.
        let outputEnd = outputPipe.closeStart()
        let errorEnd = errorPipe.closeStart()
        Self.running.withLock { _ = $0.insert(process) }
        defer { Self.running.withLock { _ = $0.remove(process) } }
        // Readable once the program has ended. A process that it has left behind may keep the pipes open for ever.
        let exit = Descriptor(owning: pidfd_open(process, 0))
        let deadline = Clock.monotonic.addingReportingOverflow(milliseconds)
        let end = deadline.overflow ? UInt64.max : deadline.partialValue
        var (output, error): ([UInt8], [UInt8]) = ([], [])
        var isOpen = (true, true)
        while isOpen.0 || isOpen.1 {
            let now = Clock.monotonic
            guard now < end, output.count <= limit, error.count <= limit else {
                kill(process, SIGKILL)
                break
            }
            // poll(2) ignores a negative number.
            var polled = [
                pollfd(fd: isOpen.0 ? outputEnd.number : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isOpen.1 ? errorEnd.number : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: exit.number, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&polled, 3, CInt(clamping: end - now))
            if polled[0].revents != 0 {
                let known = output.count
                isOpen.0 = Self.read(outputEnd, &output)
                if output.count > known, !watch(output[known...]) {
                    kill(process, SIGKILL)
                    break
                }
            }
            if polled[1].revents != 0 {
                let known = error.count
                isOpen.1 = Self.read(errorEnd, &error)
                if error.count > known { watchError(error[known...]) }
            }
            // Everything that the program wrote before its end has been read.
            if polled[2].revents != 0, polled[0].revents == 0, polled[1].revents == 0 { break }
        }
        (self.output, self.error) = (output, error)
        // It may live on without its output.
        var status: CInt = 0
        while unsafe waitpid(process, &status, end == .max ? 0 : WNOHANG) != process {
            if Clock.monotonic >= end { kill(process, SIGKILL) }
            _ = poll(nil, 0, end == .max ? 0 : 5)
        }
        code = status & 0x7F == 0 ? status >> 8 & 0xFF : nil
    }

    /// The programs that run now.
    private static let running = Mutex<Set<pid_t>>([])

    /// Kills all programs that run now, and waits a little for the threads that wait for their ends. After a call of `exec` nobody
    /// else would.
    public static func killAll() {
        for _ in 0..<100 {
            let processes = running.withLock { $0 }
            if processes.isEmpty { return }
            for process in processes { kill(process, SIGKILL) }
            _ = poll(nil, 0, 5)
        }
    }

    /// Reads once.
    ///
    /// - Returns: whether more may follow.
    private static func read(_ descriptor: borrowing Descriptor, _ bytes: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        guard case .bytes(let count) = descriptor.read(into: &buffer) else { return false }
        bytes += buffer[..<count]
        return true
    }

    /// Carries the output of the program.
    private struct Pipe: ~Copyable {
        let end: Descriptor
        let start: Descriptor

        init() throws(Errno) {
            var numbers: [CInt] = [0, 0]
            // Another thread may start a program at any time, which must not get these.
            guard unsafe pipe2(&numbers, O_CLOEXEC) == 0 else { throw Errno(rawValue: errno) }
            end = Descriptor(owning: numbers[0])
            start = Descriptor(owning: numbers[1])
        }

        consuming func closeStart() -> Descriptor { end }
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ input: MemoryFile?, _ files: [MemoryFile],
        _ output: borrowing Pipe, _ error: borrowing Pipe
    ) throws(Errno) -> pid_t {
        precondition(files.count <= 50)
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let input {
            unsafe posix_spawn_file_actions_adddup2(&actions, input.descriptor.number, STDIN_FILENO)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, output.start.number, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, error.start.number, STDERR_FILENO)
        // Above all numbers that the program gets, so that none of them replaces another.
        let copies = files.map { fcntl($0.descriptor.number, F_DUPFD_CLOEXEC, 64) }
        defer { for copy in copies where copy >= 0 { close(copy) } }
        for (number, copy) in copies.enumerated() {
            guard copy >= 0 else { throw .tooManyOpenFiles }
            unsafe posix_spawn_file_actions_adddup2(&actions, copy, CInt(3 + number))
        }
        // The daemon blocks the signals that it collects; a program that it starts must not.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        // The daemon ignores SIGPIPE, and a pipeline in a script must end by it.
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let status = unsafe posix_spawnp(&process, program, &actions, &attributes, &words, environ)
        guard status == 0 else { throw Errno(rawValue: status) }
        return process
    }
}
