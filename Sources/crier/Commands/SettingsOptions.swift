import ArgumentParser
import Configuring
import Glibc
import Kernel
import Synchronization
import SystemPackage

/// The flags for the sources of settings.
struct SettingsOptions: ParsableArguments {
    @Option(name: .long, help: "The configuration file (or CRIER_CONFIG); without one crier uses its defaults.")
    var config: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Set one key, as in --set server.heartbeat=5s; repeatable.", valueName: "key=value"))
    var assignments: [String] = []

    /// Whether somebody names a configuration.
    var isGiven: Bool { config != nil || !assignments.isEmpty || Environment["CRIER_CONFIG"] != nil }

    /// The errors in the settings, one per line.
    struct Mistakes: Error {
        let lines: [String]
    }

    /// The exit code for wrong configuration (EX_CONFIG).
    static let exitCode = ExitCode(78)

    /// Loads the settings for a command. It prints errors and ends the command with exit code 78.
    func loadOrExit() throws -> Settings {
        do throws(Mistakes) {
            return try load()
        } catch {
            for line in error.lines { StandardIO.writeError(line) }
            throw Self.exitCode
        }
    }

    /// Loads the settings from all sources.
    func load(listen: [String] = []) throws(Mistakes) -> Settings {
        let environment = Environment.all
        var flags = Configuration.Flags()
        flags.listen = listen
        flags.set = assignments
        let path = config ?? environment["CRIER_CONFIG"]
        let file = try path.map { path throws(Mistakes) in try Self.read(path) }
        do throws(ConfigurationErrors) {
            return try Configuration.load(file: file, environment: environment, flags: flags)
        } catch {
            throw Mistakes(lines: error.errors.flatMap { $0.description.split(separator: "\n").map(String.init) })
        }
    }

    /// Whether the file can be parsed. Another process tries first: the TOML library ends the process where it meets
    /// certain mistakes, such as `[=]`, and a reload must not end the daemon.
    func canBeParsed() -> Bool {
        guard let path = config ?? Environment["CRIER_CONFIG"] else { return true }
        return Self.checkWithIdlePriority(path) || Self.check(path, within: .max)
    }

    /// Checks the file while the event loops have nothing to do: they would wait for some milliseconds, because a program that
    /// starts keeps its processor for so long.
    ///
    /// - Returns: whether the check was completed.
    private static func checkWithIdlePriority(_ path: String) -> Bool {
        let isComplete = Mutex(false)
        guard
            let thread = try? Thread(
                named: "crier-check",
                {
                    Thread.becomeIdle()
                    let result = check(path, within: longestIdleCheck)
                    isComplete.withLock { $0 = result }
                })
        else { return false }
        thread.join()
        return isComplete.withLock { $0 }
    }

    /// Milliseconds. Busy loops leave an idle check some thousandths of a processor.
    private static let longestIdleCheck: UInt64 = 3000

    private static func check(_ path: String, within milliseconds: UInt64) -> Bool {
        let check = try? ChildProcess(
            "/proc/self/exe", ["config", "check", "--config", path], outputLimit: 4096, within: milliseconds)
        // Other mistakes have an exit code, and the daemon reports them itself.
        return check.map { $0.code != nil } ?? true
    }

    private static func read(_ path: String) throws(Mistakes) -> Configuration.File {
        do throws(Errno) {
            let bytes = try Descriptor.open(path, O_RDONLY).readToEnd()
            return Configuration.File(path: path, text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Mistakes(lines: ["\(path): \(error)"])
        }
    }
}
