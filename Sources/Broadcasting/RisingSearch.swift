import DequeModule

extension Deque {
    /// The index of the first element of which something is so, when it is so of all that follow; ``count`` when it is so of
    /// none. A binary search.
    @inline(__always)
    func firstIndex(ofRising isSo: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isSo(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
