/// Finds what somebody may have meant.
public enum Suggestion {
    /// `; did you mean "…"?` when one of some names is close enough to a mistyped one; empty when none is.
    public static func text(for mistyped: String, among names: [String]) -> String {
        let distances = names.map { (name: $0, distance: distance(Array(mistyped.utf8), Array($0.utf8))) }
        guard let nearest = distances.min(by: { $0.distance < $1.distance }), nearest.distance <= 2,
            nearest.distance < mistyped.utf8.count
        else { return "" }
        return "; did you mean \"\(nearest.name)\"?"
    }

    /// How many bytes must be added, removed or replaced to turn one text into the other (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
