import Glibc
import Kernel
import Subprocess
import SystemPackage
import Testing
import TimeLimits

/// How a daemon started that inherited a listening socket.
private struct Start {
    let isReady: Bool
    let log: String
}

/// Starts a daemon as systemd does, with a listening socket that is open already, and stops it when it is ready. In the
/// configuration, `PORT` stands for the port of the socket.
///
/// - Parameter reload: another configuration, which it must refuse before it is stopped.
private func start(
    _ host: String, named name: String, _ configuration: String = "", reload: String? = nil
) async throws -> Start {
    let listener = try Listener.listen(
        on: try #require(SocketAddress.resolve(host: host, port: 0).first), options: ConnectionOptions())
    let port = try #require(listener.address.port)
    func text(_ configuration: String) -> String {
        configuration.split(separator: "PORT").joined(separator: "\(port)")
    }
    let file = try TemporaryFile(text(configuration))
    // systemd hands over descriptors from number 3 on, to the process that LISTEN_PID names.
    let script = """
        exec 3<&0 </dev/null
        LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=\(name) exec \(binary) serve --config \(file.path)
        """
    let result = try await run(
        .path("/bin/sh"), arguments: ["-c", script],
        input: .fileDescriptor(FileDescriptor(rawValue: listener.descriptor.number), closeAfterSpawningProcess: false),
        output: .discarded, error: .sequence
    ) { execution in
        var log = ""
        for try await line in execution.standardError.strings() {
            log += line + "\n"
            if let reload, line.contains("info: ready") {
                try file.write(text(reload))
                kill(execution.processIdentifier.value, SIGHUP)
            } else if line.contains("info: ready") || line.contains("the restart is given up") {
                kill(execution.processIdentifier.value, SIGTERM)
            }
        }
        return log
    }
    return Start(isReady: result.terminationStatus == .exited(0), log: result.closureResult)
}

extension RealProcess {
    @Suite(.endsInTime()) struct `An inherited socket` {
        @Test(arguments: ["crier", "crier-publish"])
        func `that other machines can reach is refused unless the configuration opens it`(name: String) async throws {
            let refused = try await start("0.0.0.0", named: name)
            #expect(!refused.isReady)
            #expect(
                refused.log.contains("systemd:\(name) can be reached from other machines and would let anyone publish"),
                "\(refused.log)")
            let opened = try await start(
                "0.0.0.0", named: name, "[[listen]]\naddress = \"systemd:\(name)\"\nopen = true\n")
            #expect(opened.isReady, "\(opened.log)")
        }

        @Test func `that other machines can reach may be for subscribers only`() async throws {
            let limited = try await start(
                "0.0.0.0", named: "crier", "[[listen]]\naddress = \"systemd:crier\"\nroles = [\"subscribe\"]\n")
            #expect(limited.isReady, "\(limited.log)")
        }

        @Test func `has the settings of the table with its address`() async throws {
            // With the settings for a socket without a table it would be refused: anyone could publish.
            let limited = try await start(
                "0.0.0.0", named: "crier", "[[listen]]\naddress = \"0.0.0.0:PORT\"\nroles = [\"subscribe\"]\n")
            #expect(limited.isReady, "\(limited.log)")
        }

        @Test func `does not replace a table with another address that has rules`() async throws {
            let refused = try await start(
                "127.0.0.1", named: "crier", "[[listen]]\naddress = \"127.0.0.1:1\"\nroles = [\"subscribe\"]\n")
            #expect(!refused.isReady)
            #expect(refused.log.contains("name the socket that the table is for"), "\(refused.log)")
            let plain = try await start("127.0.0.1", named: "crier", "[[listen]]\naddress = \"127.0.0.1:1\"\n")
            #expect(plain.isReady, "\(plain.log)")
        }

        @Test(arguments: [
            ("127.0.0.1", "crier", "", "[[listen]]\naddress = \"127.0.0.1:1\"\nroles = [\"subscribe\"]\n"),
            ("127.0.0.1", "foo", "[[listen]]\naddress = \"127.0.0.1:PORT\"\n", ""),
            (
                "0.0.0.0", "crier", "[access.anonymous]\nsubscribe = [\"**\"]\n",
                "[[listen]]\naddress = \"127.0.0.1:1\"\n"
            ),
        ])
        func `keeps its daemon when a reload would leave it without good settings`(
            host: String, name: String, before: String, after: String
        ) async throws {
            let kept = try await start(host, named: name, before, reload: after)
            #expect(kept.isReady && kept.log.contains("the restart is given up"), "\(kept.log)")
        }

        @Test func `on loopback needs no configuration`() async throws {
            let local = try await start("127.0.0.1", named: "crier")
            #expect(local.isReady && local.log.contains("address=127.0.0.1:"), "\(local.log)")
        }
    }
}
