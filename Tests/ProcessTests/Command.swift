import Subprocess
import SystemPackage
import Testing

/// What a command did.
struct CommandOutcome {
    let code: Int32
    let output: String
    let error: String
}

/// Runs a command to its end.
func crier(_ arguments: String..., input: String = "", environment: [String: String] = [:]) async throws
    -> CommandOutcome
{
    try await crier(arguments, input: input, environment: environment)
}

/// Runs the crier command to its end.
func crier(_ arguments: [String], input: String = "", environment: [String: String] = [:]) async throws
    -> CommandOutcome
{
    let variables = Environment.inherit.updating(
        Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(rawValue: $0.key)!, Optional($0.value)) }))
    let result = try await run(
        .path(binary), arguments: Arguments(arguments), environment: variables, input: .string(input),
        output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    guard case .exited(let code) = result.terminationStatus else { throw Client.Unexpected(description: "killed") }
    return CommandOutcome(code: code, output: result.standardOutput, error: result.standardError)
}
