import Foundation
import Testing
import TimeLimits

@testable import Configuring

@Suite(.endsInTime()) struct `The shipped file` {
    private static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "config/crier.toml").path

    @Test func `contains the defaults`() throws {
        #expect(try load(try String(contentsOfFile: Self.path, encoding: .utf8)) == Settings())
    }

    @Test func `has every key`() throws {
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        let lines = LineFinder(text)
        for key in Key.all { #expect(lines[key.name] != nil, "\(key.name) is not in config/crier.toml") }
    }
}
