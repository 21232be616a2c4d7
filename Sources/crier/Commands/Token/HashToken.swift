import ArgumentParser
import Authorizing
import Glibc
import Kernel
import SystemPackage

/// `crier token hash`
struct HashToken: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash", abstract: "Make a static token, or hash one, for [[access.token]].",
        discussion: """
            Without an argument it makes a random token of 32 characters, and prints the token and its hash. With - it \
            reads the token from standard input and prints only the hash.
            """)

    @Argument(help: "- reads a token from standard input.")
    var input: String?

    func validate() throws {
        guard input == nil || input == "-" else {
            throw ValidationError(
                "Other users can see the arguments of a program. Pass the token by standard input: crier token hash -")
        }
    }

    func run() throws {
        guard input == nil else {
            let text = String(decoding: try Descriptor(owning: STDIN_FILENO).readToEnd(), as: UTF8.self)
            let token = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            guard !token.isEmpty else {
                StandardIO.writeError("there is no token on standard input")
                throw ExitCode(1)
            }
            return StandardIO.write("\(StaticToken(token).hash)\n")
        }
        let token = StaticToken.random()
        StandardIO.write("token   \(token.text)\nsha256  \(token.hash)\n")
    }
}
