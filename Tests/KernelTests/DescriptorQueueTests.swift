import Glibc
import SystemPackage
import Testing
import TimeLimits

@testable import Kernel

@Suite(.endsInTime()) struct `A queue of descriptors` {
    @Test func `hands them out in the order in which they came, also when this process has closed its own`() throws {
        let queue = try DescriptorQueue()
        var files: [CInt] = []
        for number in 0..<600 {
            let file = try MemoryFile(named: "file \(number)")
            files.append(try file.descriptor.duplicate().release())
        }
        for start in stride(from: 0, to: 600, by: DescriptorQueue.limit) {
            try queue.send(7, files[start..<min(600, start + DescriptorQueue.limit)])
        }
        for file in files { _ = Descriptor(owning: file) }
        let receiver = try queue.receiver.duplicate()
        let sender = queue.closeReceiver()
        let isReceived = sender.send(8)
        #expect(isReceived)
        var names: [String] = []
        var kinds: [UInt8] = []
        while let message = try DescriptorQueue.receive(from: receiver) {
            kinds.append(message.kind)
            #expect(message.sent == message.numbers.count)
            for number in message.numbers {
                names.append(try target(of: "/proc/self/fd/\(number)"))
                _ = Descriptor(owning: number)
            }
        }
        #expect(kinds == [7, 7, 7, 8])
        #expect(names == (0..<600).map { "/memfd:file \($0) (deleted)" })
    }

    @Test func `packs those that are still wanted, in their order, and drops the others`() throws {
        let queue = try DescriptorQueue()
        for number in 0..<300 {
            let file = try MemoryFile(named: "file \(number)")
            try queue.send(7, [file.descriptor.number])
            if number % 3 == 0 { try queue.send(7, [file.descriptor.number, file.descriptor.number]) }
        }
        var freed = (messages: 0, descriptors: 0)
        try queue.compact(messages: 400, &freed) { descriptor in
            let name = try? target(of: "/proc/self/fd/\(descriptor.number)")
            return name.map { !$0.hasSuffix("7 (deleted)") } ?? false
        }
        let receiver = try queue.receiver.duplicate()
        _ = queue.closeReceiver()
        var names: [String] = []
        var messages = 0
        while let message = try DescriptorQueue.receive(from: receiver) {
            messages += 1
            for number in message.numbers {
                names.append(try target(of: "/proc/self/fd/\(number)"))
                _ = Descriptor(owning: number)
            }
        }
        var expected: [String] = []
        for number in 0..<300 where number % 10 != 7 {
            expected += Array(repeating: "/memfd:file \(number) (deleted)", count: number % 3 == 0 ? 3 : 1)
        }
        #expect(names == expected)
        #expect(messages <= 3)
        #expect(freed.messages == 400 - messages)
        #expect(freed.descriptors == 500 - expected.count)
    }

    @Test func `says when nobody has the receiving end`() throws {
        let queue = try DescriptorQueue()
        let sender = queue.closeReceiver()
        let isReceived = sender.send(1)
        #expect(!isReceived)
    }
}

/// Where a symbolic link leads.
private func target(of path: String) throws -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe readlink(path, $0.baseAddress!, $0.count) }
    try #require(count > 0)
    return String(decoding: buffer[..<count], as: UTF8.self)
}

@Suite(.endsInTime()) struct `A file in memory` {
    @Test func `can be read once it is sealed, and never be changed after that`() throws {
        let file = try MemoryFile(named: "test")
        try file.append([1, 2, 3])
        let wasSealed = file.isSealed
        #expect(!wasSealed)
        #expect(throws: Errno.permissionDenied) { unsafe try file.withBytes { _ in } }
        try file.seal()
        let isSealed = file.isSealed
        #expect(isSealed)
        let bytes = unsafe try file.withBytes { unsafe Array($0) }
        #expect(bytes == [1, 2, 3])
        #expect(throws: Errno.notPermitted) { try file.append([4]) }
    }
}
