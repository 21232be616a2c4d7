import Glibc
import Testing

/// A file system of its own, which can be full or read-only.
final class SmallDisk: Sendable {
    let path: String

    /// Nil where mounting is not possible; it then prints that it skips the test.
    init?(size: String) throws {
        guard geteuid() == 0 else {
            print("skipped: only root can mount a small disk to fill it")
            return nil
        }
        var template = Array("/tmp/crier-disk-XXXXXX\0".utf8.map { CChar(bitPattern: $0) })
        let made = unsafe mkdtemp(&template).map { unsafe String(cString: $0) }
        path = try #require(made)
        guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=\(size)") == 0 else {
            print("skipped: nothing can be mounted here (error \(errno))")
            return nil
        }
    }

    func setReadOnly(_ isReadOnly: Bool) throws {
        let flags = UInt(MS_REMOUNT) | (isReadOnly ? UInt(MS_RDONLY) : 0)
        let status = unsafe mount("tmpfs", path, "tmpfs", flags, nil)
        try #require(status == 0)
    }

    /// Takes all the room there is.
    func fill() throws {
        let opened = unsafe fopen("\(path)/ballast", "w")
        try #require(unsafe opened != nil)
        let file = unsafe opened!
        let block = [UInt8](repeating: 1, count: 4096)
        while unsafe fwrite(block, 1, block.count, file) == block.count, unsafe fflush(file) == 0 {}
        unsafe fclose(file)
    }

    func makeRoom() { unsafe unlink("\(path)/ballast") }

    deinit {
        unsafe umount2(path, CInt(MNT_DETACH))
        unsafe rmdir(path)
    }
}
