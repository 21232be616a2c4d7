@testable import Configuring

/// Loads settings from a file text, the environment and flags.
func load(
    _ text: String? = nil, environment: [String: String] = [:], set: [String] = [], listen: [String] = []
) throws -> Settings {
    var flags = Configuration.Flags()
    flags.set = set
    flags.listen = listen
    return try Configuration.load(
        file: text.map { Configuration.File(path: "crier.toml", text: $0) }, environment: environment, flags: flags)
}

/// The errors of such settings, as text.
func mistakes(
    _ text: String? = nil, environment: [String: String] = [:], set: [String] = [], listen: [String] = []
) -> [String] {
    do {
        _ = try load(text, environment: environment, set: set, listen: listen)
        return []
    } catch let error as ConfigurationErrors {
        return error.errors.map(\.description)
    } catch {
        return ["\(error)"]
    }
}
