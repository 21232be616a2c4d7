/// Parses times as the configuration has them.
public enum Time {
    /// The milliseconds of a time such as `500ms`, `15s`, `10m`, `1h` or `7d`; nil for another text.
    public static func milliseconds(_ text: String) -> UInt64? { Quantity.duration(text) }
}
