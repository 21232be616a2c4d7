/// The system calls that this module makes, by the name of the C function.
///
/// A test uses the names to inject errors: see `InjectedFailures`.
public enum SystemCall: String, Sendable, Hashable {
    case accept4, bind, chmod, chown, close, connect, epollCreate, epollControl, epollWait, eventfd
    case fcntl, flock, fstat, ftruncate, getsockopt, ioctl, listen, memfdCreate, mmap, open, read, recvmsg, send,
        sendmsg, setsockopt
    case shutdown, signalfd, socket, socketpair, unlink, write
}
