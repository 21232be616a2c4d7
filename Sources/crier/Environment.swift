import Glibc

/// The variables of the environment.
enum Environment {
    /// All of them.
    static var all: [String: String] {
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

    /// One of them; nil when it is not there or empty.
    static subscript(name: String) -> String? { all[name].flatMap { $0.isEmpty ? nil : $0 } }
}
