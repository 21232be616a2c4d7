extension SlotTable where Row: ~Copyable {
    /// Advances a wheel and takes the rows whose deadlines have come.
    ///
    /// - Parameter isDue: asks ``TimerWheel/isDue(_:_:woken:)`` with the deadline of the row that belongs to the wheel.
    mutating func takeDue(
        _ wheel: inout TimerWheel, at tick: UInt32,
        _ isDue: (inout Row, inout TimerWheel, _ token: UInt64, _ woken: UInt32) -> Bool
    ) -> [UInt32] {
        var woken: [(tick: UInt32, token: UInt64)] = []
        wheel.advance(to: tick, into: &woken)
        var due: [UInt32] = []
        for (tick, token) in woken {
            guard let slot = slot(of: Token(rawValue: token)) else { continue }
            if isDue(&self[slot], &wheel, token, tick) { due.append(slot) }
        }
        return due
    }
}
