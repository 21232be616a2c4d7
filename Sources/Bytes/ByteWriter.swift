/// Writes numbers, texts and bytes one after the other, for ``ByteReader``, and a checksum over all of them at the end.
public struct ByteWriter: ~Copyable, Sendable {
    /// Bytes of a piece: a multiple of 8, as the checksum needs.
    private static let pieceSize = 256 * 1024

    private var piece: [UInt8] = []
    private var checksum = Checksum()
    private let sink: @Sendable ([UInt8]) -> Void

    /// A writer of nothing so far.
    ///
    /// - Parameter sink: gets the pieces, in order.
    public init(_ sink: @escaping @Sendable ([UInt8]) -> Void) {
        self.sink = sink
    }

    /// Writes one byte.
    public mutating func write(byte: UInt8) {
        piece.append(byte)
        if piece.count >= Self.pieceSize { flush() }
    }

    /// Writes yes or no.
    public mutating func write(_ flag: Bool) { write(byte: flag ? 1 : 0) }

    /// Writes a number.
    public mutating func write(_ number: UInt64) {
        unsafe withUnsafeBytes(of: number.littleEndian) { unsafe append($0) }
    }

    /// Writes a number, 0 or more.
    public mutating func write(count: Int) { write(UInt64(count)) }

    /// Writes a number, or that there is none.
    public mutating func write(_ number: UInt64?) {
        write(number != nil)
        if let number { write(number) }
    }

    /// Writes a text.
    public mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { unsafe write(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Writes bytes, and how many they are.
    public mutating func write(bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe write(bytes: $0) } }

    /// Writes bytes, and how many they are.
    public mutating func write(bytes: UnsafeRawBufferPointer) {
        write(count: bytes.count)
        unsafe append(bytes)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe piece.append(contentsOf: bytes)
        if piece.count >= Self.pieceSize { flush() }
    }

    private mutating func flush() {
        let whole = piece.count & ~7
        unsafe piece.withUnsafeBytes { unsafe checksum.add(UnsafeRawBufferPointer(rebasing: $0[..<whole])) }
        let rest = Array(piece[whole...])
        piece.removeLast(rest.count)
        sink(piece)
        piece.removeAll(keepingCapacity: true)
        piece += rest
    }

    /// Writes the checksum, and hands out the last piece.
    public consuming func finish() {
        unsafe piece.withUnsafeBytes { unsafe checksum.add($0) }
        unsafe withUnsafeBytes(of: checksum.value.littleEndian) { unsafe piece.append(contentsOf: $0) }
        sink(piece)
    }
}
