import Glibc
import SystemPackage
import Testing
import TimeLimits

@testable import Kernel

/// Whether a number is an open descriptor.
private func isOpen(_ number: CInt) -> Bool { fcntl(number, F_GETFD) >= 0 }

@Suite(.serialized, .endsInTime()) struct `A descriptor` {
    @Test func `is closed at the end of its owner's lifetime`() throws {
        var number: CInt = -1
        do {
            let file = try Descriptor.open("/dev/null", O_RDONLY)
            number = file.number
            #expect(isOpen(number))
        }
        #expect(!isOpen(number))
    }

    @Test func `stays open when it is released`() throws {
        let number = try Descriptor.open("/dev/null", O_RDONLY).release()
        #expect(isOpen(number))
        _ = Descriptor(owning: number)
        #expect(!isOpen(number))
    }

    @Test func `is not inherited by children`() throws {
        let file = try Descriptor.open("/dev/null", O_RDONLY)
        #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `fails with the error of the kernel when it cannot be opened`() {
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try Descriptor.open("/no/such/file", O_RDONLY) }
    }
}
