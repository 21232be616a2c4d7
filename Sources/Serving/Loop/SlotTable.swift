/// Rows with small numbers that never move in memory.
///
/// The table reuses the slot of a removed row. Code that keeps a slot across turns therefore keeps its generation too:
/// a ``Token`` that outlives its row finds nothing, instead of another row.
///
/// Rows live in pages of 256. The table frees a page without rows, so memory returns after a peak of connections.
@safe
struct SlotTable<Row: ~Copyable>: ~Copyable {
    /// Names one row and no later row in the same slot, until 2^32 generations have been used.
    struct Token: Hashable {
        /// The slot in the low half, the generation in the high half. epoll returns this word.
        let rawValue: UInt64

        init(rawValue: UInt64) { self.rawValue = rawValue }

        init(slot: UInt32, generation: UInt32) { rawValue = UInt64(generation) << 32 | UInt64(slot) }

        var slot: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
        var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    }

    @safe
    private struct Page {
        let rows: UnsafeMutablePointer<Row>
        /// 0 for a free place; the generation of a row is never 0.
        var generations: InlineArray<256, UInt32> = .init(repeating: 0)
        var used = 0
    }

    private static var pageSize: Int { 256 }

    private var pages: [UnsafeMutablePointer<Page>?]
    private var lowestWithRoom = 0
    private var nextGeneration: UInt32 = 1
    /// How many rows there are.
    private(set) var count = 0

    init() {
        unsafe pages = []
    }

    deinit {
        for index in unsafe pages.indices {
            guard let page = unsafe pages[index] else { continue }
            for place in 0..<Self.pageSize where unsafe page.pointee.generations[place] != 0 {
                unsafe (page.pointee.rows + place).deinitialize(count: 1)
            }
            unsafe page.pointee.rows.deallocate()
            unsafe page.deinitialize(count: 1)
            unsafe page.deallocate()
        }
    }

    /// The slot of the next row: the lowest free one.
    mutating func nextSlot() -> UInt32 {
        while unsafe lowestWithRoom < pages.count, unsafe pages[lowestWithRoom]?.pointee.used == Self.pageSize {
            lowestWithRoom += 1
        }
        if unsafe lowestWithRoom == pages.count { unsafe pages.append(nil) }
        let page = unsafe pages[lowestWithRoom] ?? Self.makePage()
        unsafe pages[lowestWithRoom] = page
        var place = 0
        while unsafe page.pointee.generations[place] != 0 { place += 1 }
        return UInt32(lowestWithRoom * Self.pageSize + place)
    }

    /// Puts a row into ``nextSlot()``.
    mutating func insert(_ row: consuming Row) -> Token {
        let slot = nextSlot()
        let place = Self.split(slot).place
        guard let page = unsafe pages[lowestWithRoom] else { preconditionFailure("the next slot has a page") }
        let generation = nextGeneration
        nextGeneration = nextGeneration == .max ? 1 : nextGeneration + 1
        unsafe (page.pointee.rows + place).initialize(to: row)
        unsafe page.pointee.generations[place] = generation
        unsafe page.pointee.used += 1
        count += 1
        return Token(slot: slot, generation: generation)
    }

    /// Removes a row and deinitialises it. The slot must hold a row.
    mutating func remove(_ slot: UInt32) {
        let (index, place) = Self.split(slot)
        let page = unsafe checkedPage(slot)
        unsafe (page.pointee.rows + place).deinitialize(count: 1)
        unsafe page.pointee.generations[place] = 0
        unsafe page.pointee.used -= 1
        count -= 1
        lowestWithRoom = min(lowestWithRoom, index)
        if unsafe page.pointee.used == 0 {
            unsafe page.pointee.rows.deallocate()
            unsafe page.deinitialize(count: 1)
            unsafe page.deallocate()
            unsafe pages[index] = nil
        }
    }

    /// The slot of the row that a token names; nil when that row was removed.
    func slot(of token: Token) -> UInt32? {
        let (index, place) = Self.split(token.slot)
        guard unsafe index < pages.count, let page = unsafe pages[index], token.generation != 0,
            unsafe page.pointee.generations[place] == token.generation
        else { return nil }
        return token.slot
    }

    /// The token of the row in a slot, which must hold one.
    func token(_ slot: UInt32) -> Token {
        let page = unsafe checkedPage(slot)
        return Token(slot: slot, generation: unsafe page.pointee.generations[Self.split(slot).place])
    }

    /// The row in a slot, which must hold one.
    subscript(slot: UInt32) -> Row {
        @inline(__always)
        unsafeAddress {
            let page = unsafe checkedPage(slot)
            return unsafe UnsafePointer(page.pointee.rows + Self.split(slot).place)
        }
        @inline(__always)
        unsafeMutableAddress {
            let page = unsafe checkedPage(slot)
            return unsafe page.pointee.rows + Self.split(slot).place
        }
    }

    /// Changes the row in a slot, which must hold one, after one lookup.
    @inline(__always)
    mutating func withRow<Result>(_ slot: UInt32, _ body: (inout Row) -> Result) -> Result {
        let page = unsafe checkedPage(slot)
        return unsafe body(&page.pointee.rows[Self.split(slot).place])
    }

    /// Behind the last slot that can have a row.
    var end: UInt32 { UInt32(unsafe pages.count * Self.pageSize) }

    /// Whether there is a row in a slot.
    func hasRow(_ slot: UInt32) -> Bool {
        let (index, place) = Self.split(slot)
        guard unsafe index < pages.count, let page = unsafe pages[index] else { return false }
        return unsafe page.pointee.generations[place] != 0
    }

    /// The slots that have rows, in ascending order.
    var slots: [UInt32] {
        var found: [UInt32] = []
        for index in unsafe pages.indices {
            guard let page = unsafe pages[index] else { continue }
            for place in 0..<Self.pageSize where unsafe page.pointee.generations[place] != 0 {
                found.append(UInt32(index * Self.pageSize + place))
            }
        }
        return found
    }

    @inline(__always)
    private func checkedPage(_ slot: UInt32) -> UnsafeMutablePointer<Page> {
        let (index, place) = Self.split(slot)
        guard let page = unsafe pages[index], unsafe page.pointee.generations[place] != 0 else {
            preconditionFailure("no row in this slot")
        }
        return unsafe page
    }

    @inline(__always)
    private static func split(_ slot: UInt32) -> (index: Int, place: Int) {
        (Int(slot >> 8), Int(slot & 255))
    }

    private static func makePage() -> UnsafeMutablePointer<Page> {
        let page = UnsafeMutablePointer<Page>.allocate(capacity: 1)
        unsafe page.initialize(to: Page(rows: .allocate(capacity: pageSize)))
        return unsafe page
    }
}
