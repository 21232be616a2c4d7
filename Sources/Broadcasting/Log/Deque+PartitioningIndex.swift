import DequeModule

extension Deque {
    /// The index of the first element that belongs in the second partition; ``count`` when none does. A binary search:
    /// every element after one that belongs in the second partition must belong there too.
    @inline(__always)
    func partitioningIndex(where belongsInSecondPartition: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongsInSecondPartition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
