/// The lowest level that crier logs.
public enum LogLevel: String, Sendable, CaseIterable {
    case debug, info, notice, warning, error
}
