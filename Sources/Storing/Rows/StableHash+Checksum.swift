import Broadcasting

extension StableHash {
    /// The checksum of a row of numbers.
    static func checksum(_ numbers: [UInt64]) -> Int64 {
        var hash = StableHash()
        for number in numbers { hash.add(number) }
        return Int64(bitPattern: hash.value)
    }
}
