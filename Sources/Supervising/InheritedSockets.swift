import CSystemd
import Glibc
import Kernel

/// The sockets that systemd passed on. The corresponding C function is `sd_listen_fds_with_names`.
public enum InheritedSockets {
    /// Calls `body` with each socket. A second call finds none: the first removes the environment variables, so that no
    /// child process uses them.
    public static func take<Failure: Error>(_ body: (consuming InheritedSocket) throws(Failure) -> Void) throws(Failure)
    {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(1, &list)
        guard count > 0 else { return }
        defer {
            for index in 0..<Int(count) { unsafe free(list?[index]) }
            unsafe free(list)
        }
        for index in 0..<Int(count) {
            let name = unsafe list?[index].map { unsafe String(cString: $0) } ?? "unknown"
            let descriptor = Descriptor(owning: SD_LISTEN_FDS_START + CInt(index))
            try body(InheritedSocket(name: name, descriptor: descriptor))
        }
    }
}
