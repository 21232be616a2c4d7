import CCurl

/// A connection to HTTP servers that one thread uses, with libcurl. It stays open between requests.
@safe
final class HTTPClient {
    /// How a request may fail.
    enum Failure: Error {
        /// The server has not got the request.
        case notConnected(String)
        /// The server may have got it.
        case interrupted(String)
        /// The caller did not want to wait any longer.
        case stopped
    }

    /// The head of an answer, and the fields after its body.
    struct Answer {
        var status = 0
        var isHTTP2 = false
        /// By lower-case names.
        var fields: [String: String] = [:]
    }

    /// How to reach servers with TLS.
    struct Identity: Sendable, Hashable {
        /// A file with the certificates of the authorities; nil for those of the system.
        var authorities: String?
        /// A file with the client's certificate.
        var certificate: String?
        /// A file with its key.
        var key: String?
    }

    private let library: CurlLibrary
    private let handle: UnsafeMutableRawPointer
    /// Where libcurl keeps the connections, and runs the one request.
    private let multi: UnsafeMutableRawPointer
    /// The server that a connection is open to; nil when it is not known to be.
    private var connected: String?

    /// What libcurl's callbacks need while a request is in progress.
    @safe
    private final class Transfer {
        var answer = Answer()
        let take: (UnsafeRawBufferPointer) -> Bool

        init(take: @escaping (UnsafeRawBufferPointer) -> Bool) { unsafe self.take = unsafe take }
    }

    /// The numbers of options; they are part of libcurl's binary interface.
    private enum Option {
        static let writeData: CInt = 10_001
        static let url: CInt = 10_002
        static let proxy: CInt = 10_004
        static let postFields: CInt = 10_015
        static let httpHeader: CInt = 10_023
        static let certificate: CInt = 10_025
        static let authorities: CInt = 10_065
        static let key: CInt = 10_087
        static let writeFunction: CInt = 20_011
        static let postFieldSize: CInt = 30_120
        static let post: CInt = 47
        static let httpVersion: CInt = 84
        static let noSignal: CInt = 99
        static let timeout: CInt = 155
        static let connectTimeout: CInt = 156
        static let keepAlive: CInt = 213
        static let headerFunction: CInt = 20_079
        static let headerData: CInt = 10_029
        static let freshConnect: CInt = 74
        static let bufferSize: CInt = 98
        static let uploadBufferSize: CInt = 280
    }

    init(_ identity: Identity) throws(CurlLibrary.Missing) {
        library = try CurlLibrary.shared.get()
        guard let handle = unsafe crier_curl_easy_init(library.easyInit),
            let multi = unsafe crier_curl_multi_init(library.multiInit)
        else { throw CurlLibrary.Missing(description: "libcurl.so.4 has no memory") }
        (unsafe self.handle, unsafe self.multi) = unsafe (handle, multi)
        set(Option.noSignal, 1)
        set(Option.post, 1)
        set(Option.keepAlive, 1)
        set(Option.bufferSize, 256 * 1024)
        set(Option.uploadBufferSize, 256 * 1024)
        // A proxy of the environment is for other programs.
        set(Option.proxy, "")
        if let file = identity.authorities { set(Option.authorities, file) }
        if let file = identity.certificate { set(Option.certificate, file) }
        if let file = identity.key { set(Option.key, file) }
        _ = unsafe crier_curl_set_write(library.setOption, handle, Option.writeFunction) {
            bytes, size, count, context in
            let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
            let all = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            // What is not HTTP/2 is no answer to the request.
            return unsafe !transfer.answer.isHTTP2 || transfer.take(all) ? size * count : 0
        }
        _ = unsafe crier_curl_set_write(library.setOption, handle, Option.headerFunction) {
            bytes, size, count, context in
            let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
            let line = unsafe String(
                decoding: UnsafeRawBufferPointer(start: bytes, count: size * count), as: UTF8.self)
            transfer.answer.read(line)
            return size * count
        }
    }

    deinit {
        unsafe crier_curl_free(library.cleanup, handle)
        unsafe crier_curl_free(library.multiCleanup, multi)
    }

    private func set(_ option: CInt, _ value: Int) {
        _ = unsafe crier_curl_set_number(library.setOption, handle, option, value)
    }

    private func set(_ option: CInt, _ value: String) {
        _ = unsafe value.withCString { unsafe crier_curl_set_pointer(library.setOption, handle, option, $0) }
    }

    /// Posts a body, and waits for the answer.
    ///
    /// - Parameters:
    ///   - fields: of the head, each as `name: value`.
    ///   - milliseconds: for all of it; 0 is no limit.
    ///   - isStopped: asked ten times a second, and while bytes come.
    ///   - take: gets the pieces of the answer. Returns whether it wants more.
    /// - Returns: the status and the fields.
    func post(
        _ server: String, _ path: String, _ body: [UInt8], fields: [String], within milliseconds: Int,
        isStopped: @escaping () -> Bool = { false }, take: @escaping (UnsafeRawBufferPointer) -> Bool
    ) throws(Failure) -> Answer {
        // libcurl 7.88 fails when a connection that began with HTTP/2 is told to begin with it again (curl issue 10634). So it is
        // told so only for a new one.
        var isFresh = connected != server
        while true {
            connected = nil
            let transfer = unsafe Transfer(take: take)
            try perform(server, path, body, fields, isFresh: isFresh, within: milliseconds, isStopped, transfer)
            // The connection was closed meanwhile, and the request has gone to where nobody understands it.
            if !isFresh, server.hasPrefix("http:"), number(Self.connectCount) > 0 {
                isFresh = true
                continue
            }
            transfer.answer.status = number(Self.responseCode)
            connected = server
            return transfer.answer
        }
    }

    // The numbers of what libcurl tells of a request.
    private static let responseCode: CInt = 0x20_0002
    private static let connectCount: CInt = 0x20_001A

    private func number(_ info: CInt) -> Int {
        var value = 0
        _ = unsafe crier_curl_get_number(library.getInfo, handle, info, &value)
        return value
    }

    private func perform(
        _ server: String, _ path: String, _ body: [UInt8], _ fields: [String], isFresh: Bool,
        within milliseconds: Int, _ isStopped: () -> Bool, _ transfer: Transfer
    ) throws(Failure) {
        let context = unsafe Unmanaged.passUnretained(transfer).toOpaque()
        for option in [Option.writeData, Option.headerData] {
            _ = unsafe crier_curl_set_pointer(library.setOption, handle, option, context)
        }
        // With TLS both sides agree on HTTP/2. Without it, a connection begins with it, or has begun with it.
        set(Option.httpVersion, isFresh && server.hasPrefix("http:") ? 5 : 4)
        set(Option.freshConnect, isFresh ? 1 : 0)
        set(Option.url, server + path)
        set(Option.timeout, milliseconds)
        set(Option.connectTimeout, Self.connectTimeout)
        var list: UnsafeMutableRawPointer?
        // Without "Expect:" libcurl would wait for a go-ahead before it sends a large body.
        for field in ["Expect:", "Content-Type: application/grpc", "TE: trailers"] + fields {
            unsafe list = unsafe field.withCString { unsafe crier_curl_append(library.appendToList, list, $0) }
        }
        defer { unsafe crier_curl_free(library.freeList, list) }
        _ = unsafe crier_curl_set_pointer(library.setOption, handle, Option.httpHeader, list)
        let code = withExtendedLifetime(transfer) {
            unsafe body.withUnsafeBytes { bytes in
                _ = unsafe crier_curl_set_offset(library.setOption, handle, Option.postFieldSize, Int64(bytes.count))
                _ = unsafe crier_curl_set_pointer(library.setOption, handle, Option.postFields, bytes.baseAddress)
                return run(until: isStopped)
            }
        }
        guard code == 0 else { throw failure(code) }
    }

    /// Runs the request to its end, and returns libcurl's code.
    private func run(until isStopped: () -> Bool) -> CInt {
        _ = unsafe crier_curl_multi_change(library.multiAdd, multi, handle)
        defer { _ = unsafe crier_curl_multi_change(library.multiRemove, multi, handle) }
        var running: CInt = 0
        while unsafe crier_curl_multi_perform(library.multiPerform, multi, &running) == 0 {
            if running == 0 { return unsafe crier_curl_multi_result(library.multiRead, multi) }
            if isStopped() { return Self.aborted }
            _ = unsafe crier_curl_multi_poll(library.multiPoll, multi, 100)
        }
        return Self.noMemory
    }

    // Of libcurl's codes.
    private static let noMemory: CInt = 27
    private static let aborted: CInt = 42

    /// Milliseconds to open a connection.
    private static let connectTimeout = 1000

    private func failure(_ code: CInt) -> Failure {
        let text = unsafe crier_curl_text(library.errorText, code).map { unsafe String(cString: $0) } ?? "error \(code)"
        switch code {
        // No address, no connection, or a handshake that failed: no byte of the request has left.
        case 5, 6, 7, 35, 58, 59, 60, 77, 83: return .notConnected(text)
        // The caller wants no more.
        case 23, Self.aborted: return .stopped
        default: return .interrupted(text)
        }
    }
}

extension HTTPClient.Answer {
    /// Reads a line of the head, or one after the body.
    fileprivate mutating func read(_ line: String) {
        if line.hasPrefix("HTTP/2") { isHTTP2 = true }
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return }
        let value = line[line.index(after: colon)...]
        fields[line[..<colon].lowercased()] = String(
            value.drop { $0 == " " }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
