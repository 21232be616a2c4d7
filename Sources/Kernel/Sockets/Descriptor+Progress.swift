import Glibc

/// What the kernel knows of a socket, also after the process that wrote to it has ended.
extension Descriptor {
    /// A number that no other socket has had since the machine started (SO_COOKIE); nil for what is no socket.
    public var socketCookie: UInt64? {
        var cookie: UInt64 = 0
        var length = socklen_t(MemoryLayout<UInt64>.size)
        let result = unsafe getsockopt(number, SOL_SOCKET, 57, &cookie, &length)
        return result == 0 ? cookie : nil
    }

    /// How many bytes the kernel has taken to send, since the connection began: those that the peer has acknowledged, and
    /// those that wait. Nil when it is not an open TCP connection. While somebody writes, the number is not exact.
    public var bytesTaken: UInt64? {
        // Acknowledgements may come between the two calls.
        for _ in 0..<1000 {
            guard let before = bytesAcknowledged else { return nil }
            var unacknowledged: CInt = 0
            // SIOCOUTQ
            guard unsafe ioctl(number, 0x5411, &unacknowledged) == 0 else { return nil }
            if bytesAcknowledged == before { return before + UInt64(unacknowledged) }
        }
        return nil
    }

    /// What the kernel has measured of a TCP connection: the smoothed round-trip time in microseconds, and how many segments it
    /// has sent again. Nil for another kind of socket.
    public var tcpMeasurements: (roundTrip: Int, retransmissions: Int)? {
        guard let info = tcpInfo else { return nil }
        return unsafe info.withUnsafeBytes { info in
            // The fields tcpi_rtt and tcpi_total_retrans.
            unsafe (
                Int(info.load(fromByteOffset: 68, as: UInt32.self)),
                Int(info.load(fromByteOffset: 100, as: UInt32.self))
            )
        }
    }

    /// The field `tcpi_bytes_acked` of an established connection (TCP_INFO).
    private var bytesAcknowledged: UInt64? {
        // TCP_ESTABLISHED; the field lies at offset 120.
        guard let info = tcpInfo, info[0] == 1 else { return nil }
        return unsafe info.withUnsafeBytes { unsafe $0.load(fromByteOffset: 120, as: UInt64.self) }
    }

    /// The first 128 bytes of `struct tcp_info` (TCP_INFO).
    private var tcpInfo: [UInt8]? {
        var info = [UInt8](repeating: 0, count: 128)
        var length = socklen_t(info.count)
        let result = unsafe getsockopt(number, CInt(IPPROTO_TCP), 11, &info, &length)
        return result == 0 && length == 128 ? info : nil
    }

    /// Ends both directions, for every process that has the socket. The corresponding C function is `shutdown`.
    public func shutDown() { _ = shutdown(number, CInt(SHUT_RDWR)) }
}
