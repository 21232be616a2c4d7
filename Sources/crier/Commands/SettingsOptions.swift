import ArgumentParser
import Configuring
import Glibc
import Kernel

/// The flags that say where settings come from.
struct SettingsOptions: ParsableArguments {
    @Option(name: .long, help: "The configuration file (or CRIER_CONFIG); without one, the embedded defaults.")
    var config: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Use this setting, as in --set server.heartbeat=5s; can be repeated.", valueName: "key=value"))
    var assignments: [String] = []

    /// Reads the file and brings everything together.
    ///
    /// - Throws: `ExitCode(78)` (EX_CONFIG) after having said what is wrong.
    func load(listen: [String] = []) throws -> Settings {
        let environment = Self.environment()
        var flags = Configuration.Flags()
        flags.listen = listen
        flags.set = assignments
        do {
            let file = try (config ?? environment["CRIER_CONFIG"]).map(Self.read)
            return try Configuration.load(file: file, environment: environment, flags: flags)
        } catch {
            Standard.complain("\(error)")
            throw ExitCode(78)
        }
    }

    private struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    private static func read(_ path: String) throws(Unreadable) -> Configuration.File {
        do {
            let bytes = try Standard.readAll(try Descriptor.open(path, O_RDONLY))
            return Configuration.File(path: path, text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Unreadable(description: "\(path): \(error)")
        }
    }

    private static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe next += 1
        }
        return result
    }
}
