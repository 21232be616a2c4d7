import Access
import ArgumentParser
import Authorizing
import Broadcasting
import Configuring
import Kernel

/// `crier token mint`
struct Mint: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign a JSON Web Token and print it.",
        discussion: """
              head -c 48 /dev/urandom > jwt.secret
              crier token mint --secret jwt.secret --subscribe 'news/**' --expires 10m

            Exit codes: 0 the token is printed; 1 the key cannot be used; 64 wrong usage.
            """)

    @OptionGroup var key: KeyOptions

    @Option(help: "A pattern of channels to subscribe to; repeatable.")
    var subscribe: [String] = []

    @Option(help: "A pattern of channels to publish to; repeatable.")
    var publish: [String] = []

    @Flag(help: "Let the caller list and delete channels.")
    var admin = false

    @Option(help: "The name of the caller, for logs and limits.")
    var name: String?

    @Option(help: "When the token ends, from now on: 10m, 1h, 7d or never.")
    var expires = "1h"

    @Option(help: "The issuer (iss).")
    var issuer: String?

    @Option(help: "The audience (aud).")
    var audience: String?

    func validate() throws {
        for pattern in subscribe + publish where (try? ChannelPattern(pattern)) == nil {
            throw ValidationError("\"\(pattern)\" is not a pattern such as news/** or a channel.")
        }
        guard expires == "never" || Time.milliseconds(expires) != nil else {
            throw ValidationError("--expires is a time such as 10m, 1h or 7d, or never.")
        }
    }

    func run() throws {
        var claims = TokenClaims(subscribe: subscribe, publish: publish, isAdmin: admin)
        claims.name = name
        claims.issuer = issuer
        claims.audience = audience
        let now = Clock.realtime
        claims.issuedAt = now / 1000
        if let lifetime = Time.milliseconds(expires) { claims.expiry = (now + lifetime) / 1000 }
        do throws(KeyProblem) {
            StandardIO.write(try key.signer().sign(claims.json) + "\n")
        } catch {
            StandardIO.writeError("\(error)")
            throw ExitCode(1)
        }
    }
}
