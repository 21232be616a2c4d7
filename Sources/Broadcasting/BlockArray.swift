/// An array in blocks: it grows without moving the elements that it has, so that one more element never takes long.
struct BlockArray<Element> {
    private var blocks: [[Element]] = []
    private(set) var count = 0

    private static var blockSize: Int { 4096 }

    var isEmpty: Bool { count == 0 }

    subscript(index: Int) -> Element {
        get { blocks[index / Self.blockSize][index % Self.blockSize] }
        set { blocks[index / Self.blockSize][index % Self.blockSize] = newValue }
    }

    mutating func append(_ element: Element) {
        if count == blocks.count * Self.blockSize { blocks.append([]) }
        blocks[blocks.count - 1].append(element)
        count += 1
    }

    mutating func popLast() -> Element? {
        guard let last = blocks.last?.last else { return nil }
        blocks[blocks.count - 1].removeLast()
        if blocks[blocks.count - 1].isEmpty { blocks.removeLast() }
        count -= 1
        return last
    }
}
