/// A change whose work under the hub's lock is counted.
protocol HasSteps {
    /// How many events it adds to channels, each counted once for each channel, and one more; 1 or more.
    var steps: Int { get }
}

extension RandomAccessCollection where Index == Int, Element: HasSteps {
    /// The first changes, as many as take no more steps in all, and one at least.
    func prefix(steps: Int) -> SubSequence {
        var left = steps
        let isWithin = { (write: Element) in
            left -= write.steps
            return left >= 0
        }
        return isEmpty ? self[...] : self[..<Swift.max(startIndex + 1, prefix(while: isWithin).endIndex)]
    }
}
