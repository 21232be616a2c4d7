import Access
import ArgumentParser
import Authorizing

/// `crier token jwks`
struct JWKS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jwks", abstract: "Print the public keys of PEM files as a JSON Web Key Set.",
        discussion: "Exit codes: 0 the set is printed; 1 a key cannot be used; 64 wrong usage.")

    @Argument(help: "The files, each a public or a private key. KID=FILE gives the key an id.")
    var keys: [String]

    func run() throws {
        do throws(KeyProblem) {
            var texts: [String] = []
            for key in keys {
                let parts = key.split(separator: "=", maxSplits: 1).map(String.init)
                texts.append(try PublicKeyText.json(of: parts[parts.count - 1], id: parts.count > 1 ? parts[0] : nil))
            }
            StandardIO.write("{\"keys\":[\(texts.joined(separator: ","))]}\n")
        } catch {
            StandardIO.writeError("\(error)")
            throw ExitCode(1)
        }
    }
}
