import Glibc
import SystemPackage
import Testing
import TimeLimits

@testable import Kernel

private func listen(_ host: String) throws -> Listener {
    try Listener.listen(
        on: try #require(SocketAddress.resolve(host: host, port: 0).first), options: ConnectionOptions())
}

/// Waits for a connection and accepts it.
private func acceptOne(_ listener: borrowing Listener) throws -> Descriptor {
    var poller = try Poller(capacity: 1)
    try poller.watchInput(listener.descriptor, token: 1)
    #expect(try poller.wait(milliseconds: 5000) == 1)
    switch listener.accept() {
    case .connection(let descriptor): return descriptor
    default: throw Errno.wouldBlock
    }
}

private func temporaryPath() -> String { "/tmp/crier-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock" }

@Suite(.endsInTime()) struct `A listener` {
    @Test(arguments: ["127.0.0.1", "::1"])
    func `accepts over IPv4 and IPv6, and its connections inherit its options`(_ host: String) throws {
        let listener = try listen(host)
        #expect(try #require(listener.address.port) > 0)
        let client = try Descriptor.connect(to: listener.address)
        let connection = try acceptOne(listener)
        #expect(fcntl(connection.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(connection.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(option(connection, CInt(IPPROTO_TCP), TCP_NODELAY) == 1)
        #expect(option(connection, SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(option(connection, CInt(IPPROTO_TCP), TCP_USER_TIMEOUT) == 30_000)
        #expect(option(connection, CInt(IPPROTO_TCP), TCP_NOTSENT_LOWAT) == 128 * 1024)
        let local = SocketAddress(boundBy: client)
        #expect("\(SocketAddress(peerOf: connection))" == "\(local)")
    }

    @Test func `reports when no connection is waiting`() throws {
        let listener = try listen("127.0.0.1")
        guard case .nobody = listener.accept() else { return #expect(Bool(false)) }
    }

    @Test(arguments: [
        (Errno.tooManyOpenFiles, "exhausted"), (.tooManyOpenFilesInSystem, "exhausted"), (.noMemory, "exhausted"),
        (.connectionAbort, "vanished"), (.timedOut, "vanished"), (.badFileDescriptor, "failed"),
    ])
    func `distinguishes a lack of descriptors, a peer that vanished and its own failure`(
        _ error: Errno, _ expected: String
    ) throws {
        let listener = try listen("127.0.0.1")
        let found = InjectedFailures.with(.accept4, [error]) {
            switch listener.accept() {
            case .connection: "connection"
            case .nobody: "nobody"
            case .vanished: "vanished"
            case .exhausted: "exhausted"
            case .failed: "failed"
            }
        }
        #expect(found == expected)
    }

    @Test func `on a path has the requested mode, and replaces a socket file that no process listens on`() throws {
        let path = temporaryPath()
        defer { Listener.removeSocketFile(path) }
        do { _ = try Listener.unix(path: path, mode: 0o600, owner: nil) }
        let listener = try Listener.unix(path: path, mode: 0o640, owner: (user: getuid(), group: getgid()))
        var status = stat()
        let found = unsafe lstat(path, &status)
        #expect(found == 0)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect("\(listener.address)" == "unix:\(path)")
        #expect(listener.address.isLocal)
        _ = try Descriptor.connect(to: listener.address)
        _ = try acceptOne(listener)
    }

    @Test func `does not replace a socket that a process listens on, nor a file that is not a socket`() throws {
        let path = temporaryPath()
        defer { Listener.removeSocketFile(path) }
        let listener = try Listener.unix(path: path, mode: 0o600, owner: nil)
        #expect(throws: Errno.addressInUse) { _ = try Listener.unix(path: path, mode: 0o600, owner: nil) }
        _ = listener
        let file = temporaryPath()
        defer { Listener.removeSocketFile(file) }
        _ = Descriptor(owning: unsafe creat(file, 0o600))
        #expect(throws: Errno.addressInUse) { _ = try Listener.unix(path: file, mode: 0o600, owner: nil) }
    }

    private func option(_ socket: borrowing Descriptor, _ level: CInt, _ name: CInt) -> CInt {
        var value: CInt = -1
        var length = socklen_t(MemoryLayout<CInt>.size)
        unsafe getsockopt(socket.number, level, name, &value, &length)
        return value
    }
}
