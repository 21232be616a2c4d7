import ArgumentParser
import Configuring

/// `crier config`
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check or show the configuration.", subcommands: [Check.self, Show.self])

    /// `crier config check`
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what is wrong with a configuration.",
            discussion: "Exit codes: 0 nothing is wrong; 78 something is, and each mistake is named with its line.")

        @OptionGroup var settings: SettingsOptions

        func run() throws {
            _ = try settings.loadOrExit()
            Standard.write("The configuration is good.\n")
        }
    }

    /// `crier config show`
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the settings that would be in force, as a file.")

        @OptionGroup var settings: SettingsOptions

        func run() throws {
            Standard.write(try settings.loadOrExit().toml)
        }
    }
}
