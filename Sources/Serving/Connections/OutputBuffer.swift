/// Answers that the kernel has not taken yet.
struct OutputBuffer {
    private var storage: [UInt8] = []
    private var start = 0

    var isEmpty: Bool { start == storage.count }
    var count: Int { storage.count - start }
    var bytes: ArraySlice<UInt8> { storage[start...] }

    mutating func append(_ bytes: [UInt8]) {
        // Most often there is nothing yet, and then this copies nothing.
        if storage.isEmpty { storage = bytes } else { storage += bytes }
    }

    mutating func removeFirst(_ count: Int) { start += count }

    mutating func removeAll() {
        storage = []
        start = 0
    }
}
