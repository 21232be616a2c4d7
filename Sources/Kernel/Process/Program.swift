import Glibc
public import SystemPackage

/// The program that this process runs.
public enum Program {
    /// The path or name that it was started by, and its arguments.
    public static var commandLine: [String] { CommandLine.arguments }

    /// The number of this process. The program that replaces this one has the same.
    public static var processID: CInt { getpid() }

    /// Runs a program in place of this one, in the same process, with the same arguments and environment variables. The
    /// corresponding C function is `execvp`.
    ///
    /// - Parameters:
    ///   - path: a path, or a name that is searched for in `PATH`.
    ///   - descriptors: the program has them as descriptors 3, 4 and so on. All others close, apart from the standard
    ///     streams.
    ///   - variables: environment variables that change.
    /// - Returns: why the program cannot be run. The descriptors from 3 on are others then.
    public static func replace(
        with path: String, passing descriptors: [CInt], _ variables: [String: String]
    ) -> Errno {
        // Above those that take their places, so that none of them overwrites another.
        let copies = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, CInt(3 + descriptors.count)) }
        guard copies.allSatisfy({ $0 >= 0 }) else { return .tooManyOpenFiles }
        for (index, copy) in copies.enumerated() { _ = dup2(copy, CInt(3 + index)) }
        for (name, value) in variables { unsafe setenv(name, value, 1) }
        var words = unsafe commandLine.map { unsafe strdup($0) } + [nil]
        unsafe execvp(path, &words)
        return Errno(rawValue: errno)
    }
}
