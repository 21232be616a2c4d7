import Glibc

extension Descriptor {
    /// Waits until one of two descriptors has input or its peer has closed, for clients that wait for nothing else.
    /// Files are always readable. The corresponding C function is `poll`.
    ///
    /// - Returns: for each of the two, whether it is ready; neither is when a signal interrupted the call.
    public static func waitForInput(_ one: borrowing Descriptor, _ other: borrowing Descriptor) -> (Bool, Bool) {
        var polled = [
            pollfd(fd: one.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other.number, events: Int16(POLLIN), revents: 0),
        ]
        guard unsafe poll(&polled, 2, -1) > 0 else { return (false, false) }
        return (polled[0].revents != 0, polled[1].revents != 0)
    }
}
