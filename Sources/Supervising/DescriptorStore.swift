import CSystemd

/// systemd's descriptor store: it keeps descriptors while the service restarts, and passes them on to the next process
/// (`FileDescriptorStoreMax=`).
public enum DescriptorStore {
    /// Offers a descriptor to systemd, and waits until systemd has taken or refused it; it does not say which.
    ///
    /// - Parameters:
    ///   - number: the descriptor, which stays this process's own.
    ///   - name: under which the next process gets it.
    ///   - milliseconds: to wait at most.
    /// - Returns: whether there is a service manager and it has read the message.
    public static func put(_ number: CInt, name: String, milliseconds: UInt64) -> Bool {
        // FDPOLL=0: systemd would drop a socket whose other end has closed.
        let state = "FDSTORE=1\nFDNAME=\(name)\nFDPOLL=0"
        let isSent = unsafe withUnsafePointer(to: number) { number in
            unsafe sd_pid_notify_with_fds(0, 0, state, number, 1)
        }
        return isSent > 0 && sd_notify_barrier(0, milliseconds * 1000) > 0
    }

    /// Waits until systemd has read everything so far.
    public static func wait(milliseconds: UInt64) { _ = sd_notify_barrier(0, milliseconds * 1000) }

    /// Has systemd forget the descriptors with a name.
    public static func remove(name: String) { _ = unsafe sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=\(name)") }
}
