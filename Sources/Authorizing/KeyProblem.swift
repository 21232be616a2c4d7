import Kernel

/// Why a key cannot be used: a phrase without a full stop.
public struct KeyProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The phrase.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    /// The bytes of a file with a key.
    static func reading(_ path: String) throws(KeyProblem) -> [UInt8] {
        do throws(SecretFile.Unreadable) { return try SecretFile.read(path) } catch {
            throw KeyProblem(error.description)
        }
    }
}
