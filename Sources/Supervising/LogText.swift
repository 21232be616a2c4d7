import Logging

/// Formats log records as text.
enum LogText {
    /// The message, then the metadata as `key=value`. Control characters become escapes, so that text from a client
    /// cannot start a new line in the log.
    static func line(_ message: Logger.Message, _ metadata: [(key: String, value: Logger.MetadataValue)]) -> String {
        ([escape("\(message)")] + metadata.map { "\($0.key)=\(escape("\($0.value)"))" }).joined(separator: " ")
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
