/// Remembers, in a fixed amount of memory, up to where the events of forgotten channels went.
///
/// A channel that holds nothing costs nothing, so nothing is kept under its name. But whoever comes back to it with
/// an old position must not be told that nothing is missing. Names share places by their hash, so the answer may be
/// too high (and a gap is told that was none) but never too low.
struct ForgottenChannels {
    private var through = [UInt64](repeating: 0, count: 8192)

    /// The highest sequence number that a channel of this name may have had; setting only ever raises it.
    subscript(name: ChannelName) -> UInt64 {
        get { through[place(of: name)] }
        set { through[place(of: name)] = max(newValue, through[place(of: name)]) }
    }

    private func place(of name: ChannelName) -> Int {
        Int(truncatingIfNeeded: UInt(bitPattern: name.hashValue) % UInt(through.count))
    }
}
