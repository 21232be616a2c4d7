import Glibc

/// The environment variables of this process.
public enum Environment {
    /// All variables.
    public static var all: [String: String] {
        var result: [String: String] = [:]
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe next += 1
        }
        return result
    }

    /// One variable; nil when it is not set or empty.
    public static subscript(name: String) -> String? { all[name].flatMap { $0.isEmpty ? nil : $0 } }
}
