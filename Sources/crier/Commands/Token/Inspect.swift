import Access
import ArgumentParser
import Authorizing
import Configuring
import Glibc
import Kernel
import SystemPackage

/// `crier token inspect`
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a token says, and what the daemon says of it.",
        discussion: """
            Reads the token from standard input, and prints its header and its claims. With --config it also prints what \
            a daemon with this configuration would grant, or why it would refuse.

            Exit codes: 0 the token is good, or nobody was asked; 1 it is not; 64 wrong usage; 78 wrong configuration.
            """)

    @OptionGroup var settings: SettingsOptions

    func run() throws {
        let text = String(decoding: try Descriptor(owning: STDIN_FILENO).readToEnd(), as: UTF8.self)
        let token = Array((text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "").utf8)
        if let parts = try? CompactToken(token) {
            StandardIO.write("header  \(Self.printable(parts.header))\nclaims  \(Self.printable(parts.payload))\n")
        } else {
            StandardIO.write("It is not a JSON Web Token.\n")
        }
        guard settings.isGiven else { return }
        let access = try settings.loadOrExit().access
        let verdict: Result<Grant, TokenFault>
        do throws(KeyProblem) {
            verdict = try Authority.verdict(on: token, access, now: Clock.realtime)
        } catch {
            StandardIO.writeError("\(error)")
            throw SettingsOptions.exitCode
        }
        switch verdict {
        case .success(let grant): StandardIO.write(Self.text(grant))
        case .failure(let fault):
            StandardIO.write("verdict \(fault)\n")
            throw ExitCode(1)
        }
    }

    private static func text(_ grant: Grant) -> String {
        let rights = grant.rights
        var lines = ["verdict The token is good."]
        if !grant.name.isEmpty { lines.append("name    \(printable(Array(grant.name.utf8)))") }
        lines += rights.subscribe.map { "subscribe \($0)" } + rights.publish.map { "publish   \($0)" }
        if rights.isAdmin { lines.append("admin") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The text without control characters: a token of a stranger must not steer a terminal.
    private static func printable(_ bytes: [UInt8]) -> String {
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
