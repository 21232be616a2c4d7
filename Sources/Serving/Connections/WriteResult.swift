import SystemPackage

/// The result of writing a batch to one stream.
enum WriteResult: Equatable {
    /// The kernel took all of it.
    case all
    /// The kernel took no more. This many events from the first one on went out whole, and `offset` bytes of the next.
    case stalled(whole: Int, offset: Int)
    /// The connection is broken.
    case broken(Errno)
}
