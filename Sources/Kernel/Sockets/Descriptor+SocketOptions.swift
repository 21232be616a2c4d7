import CLinux
import Glibc
public import SystemPackage

extension Descriptor {
    /// Sets an integer option. The corresponding C function is `setsockopt`.
    public func set(_ level: CInt, _ option: CInt, _ value: CInt) throws(Errno) {
        var value = value
        _ = try invoke(.setsockopt) {
            unsafe setsockopt(number, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    /// Makes closing the socket send a reset and drop unsent bytes (SO_LINGER of zero).
    public func resetWhenClosed() throws(Errno) {
        var value = linger(l_onoff: 1, l_linger: 0)
        _ = try invoke(.setsockopt) {
            unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        }
    }

    func apply(_ options: ConnectionOptions) throws(Errno) {
        let tcp = CInt(IPPROTO_TCP)
        // crier already combines events into one write batch; Nagle's algorithm would only delay them.
        try set(tcp, TCP_NODELAY, 1)
        try set(SOL_SOCKET, SO_KEEPALIVE, 1)
        try set(tcp, TCP_KEEPIDLE, CInt(max(1, options.deadPeerSeconds / 2)))
        try set(tcp, TCP_KEEPINTVL, CInt(max(1, options.deadPeerSeconds / 6)))
        try set(tcp, TCP_KEEPCNT, 3)
        try set(tcp, TCP_USER_TIMEOUT, CInt(options.deadPeerSeconds * 1000))
        try set(tcp, TCP_NOTSENT_LOWAT, CInt(options.unsentLimit))
    }
}
