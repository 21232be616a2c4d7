import ArgumentParser

/// `crier token`
struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make and examine tokens.",
        discussion: """
            A static token is a random text, of which the daemon knows the hash ([[access.token]]). A JSON Web Token is \
            signed, says itself what it grants and when it ends, and the daemon needs only the key ([[access.jwt]]).
            """,
        subcommands: [Mint.self, Inspect.self, HashToken.self, JWKS.self])
}
