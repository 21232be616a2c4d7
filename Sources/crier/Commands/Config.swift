import ArgumentParser
import Authorizing
import Configuring
import Hooks

/// `crier config`
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check or show the configuration.", subcommands: [Check.self, Show.self])

    /// `crier config check`
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Report the errors in a configuration.",
            discussion: "Exit codes: 0 the configuration is valid; 78 it has errors, each reported with its line.")

        @OptionGroup var settings: SettingsOptions

        func run() throws {
            let settings = try settings.loadOrExit()
            do throws(KeyProblem) {
                try Authority.check(settings.access)
            } catch {
                StandardIO.writeError("\(error)")
                throw SettingsOptions.exitCode
            }
            do throws(HookProblem) {
                try Hooks.check(settings.hooks)
            } catch {
                StandardIO.writeError("\(error)")
                throw SettingsOptions.exitCode
            }
            StandardIO.write("The configuration is good.\n")
        }
    }

    /// `crier config show`
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the effective settings as a configuration file.")

        @OptionGroup var settings: SettingsOptions

        func run() throws {
            StandardIO.write(try settings.loadOrExit().toml)
        }
    }
}
