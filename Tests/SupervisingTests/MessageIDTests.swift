import Kernel
import SystemPackage
import Testing
import TimeLimits

@testable import Supervising

@Suite(.endsInTime()) struct `The catalogue of the journal` {
    @Test func `explains every number, and no other`() throws {
        let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let catalog = try Descriptor.open("/\(path)/systemd/crier.catalog", 0).readToEnd()
        let lines = String(decoding: catalog, as: UTF8.self).split(separator: "\n")
        let numbers = lines.filter { $0.hasPrefix("-- ") }.map { String($0.dropFirst(3)) }
        #expect(numbers.sorted() == MessageIDs.byMessage.values.sorted())
        #expect(numbers.allSatisfy { $0.utf8.count == 32 })
    }
}
