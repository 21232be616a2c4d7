/// Which failures the history file survives.
public enum HistoryDurability: String, Sendable, CaseIterable {
    /// A crash of the process.
    case normal
    /// Also the loss of power.
    case full
}
