import ArgumentParser

/// The exit codes of commands that send requests.
enum ExitCodes {
    /// The daemon refused the request.
    static let refused = ExitCode(1)
    /// The daemon could not be reached, or its answer not be understood.
    static let unreachable = ExitCode(2)
}
