/// The place of the history.
public enum HistoryStore: String, Sendable, CaseIterable {
    case memory, sqlite
}
