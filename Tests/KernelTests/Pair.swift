import Glibc
import SystemPackage

@testable import Kernel

/// Two connected Unix sockets that do not block.
struct Pair: ~Copyable {
    let near: Descriptor
    let far: Descriptor

    init() throws(Errno) {
        var numbers: [CInt] = [0, 0]
        _ = try invoke(.socket) {
            unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0, &numbers)
        }
        near = Descriptor(owning: numbers[0])
        far = Descriptor(owning: numbers[1])
    }
}
