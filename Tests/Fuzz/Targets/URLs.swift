import HTTPMessages

/// A name survives its percent coding, and a query gives the parameters that stand in it.
enum URLs {
    static func run(_ bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            for keepsSlash in [true, false] {
                let coded = PercentCoding.encode(text, keepingSlash: keepsSlash)
                let decoded = PercentCoding.decode(Array(coded.utf8)[...])
                require(decoded.map { $0.elementsEqual(bytes) } == true, "\(coded)")
            }
            _ = HTTPURL(text)
        }
        guard let query = Query(bytes[...]) else { return }
        require(query.parameters.count <= bytes.count { $0 == UInt8(ascii: "&") } + 1, "more parameters than there are")
    }
}
