extension ArraySlice<UInt8> {
    /// The slice without leading and trailing spaces and tabs (OWS, RFC 9110 section 5.6.3).
    var trimmed: ArraySlice<UInt8> {
        var slice = self
        while let first = slice.first, first == Ascii.space || first == Ascii.tab { slice.removeFirst() }
        while let last = slice.last, last == Ascii.space || last == Ascii.tab { slice.removeLast() }
        return slice
    }
}
