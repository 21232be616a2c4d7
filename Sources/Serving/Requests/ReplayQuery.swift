import Broadcasting

/// Parses `?replay=` and `?since=`.
enum ReplayQuery {
    /// `none`, `all`, or a number of events.
    static func replay(_ value: ArraySlice<UInt8>) throws(Problem) -> ReplayStart {
        let text = String(decoding: value, as: UTF8.self)
        switch text {
        case "none": return .none
        case "all": return .all
        default:
            guard let count = number(text), count <= 1_000_000_000 else {
                throw Problem(400, "?replay= is none, all or a number of events.")
            }
            return count == 0 ? .none : .last(Int(count))
        }
    }

    /// A time ago (`90`, `90s`, `10m`, `2h`, `7d`), or a moment: seconds since 1970, or RFC 3339.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970, by the clock that gives events their times.
    ///   - ahead: milliseconds that the clock of the machine is ahead of that clock: a moment is by the former.
    static func since(_ value: ArraySlice<UInt8>, now: UInt64, ahead: Int64 = 0) throws(Problem) -> ReplayStart {
        let text = String(decoding: value, as: UTF8.self)
        if let moment = RFC3339.milliseconds(text) { return .since(moment.by(ahead)) }
        let units: [(String, UInt64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
        for (unit, factor) in units {
            guard text.hasSuffix(unit), let count = number(String(text.dropLast(unit.count))) else { continue }
            return .since(now - min(now, count > now / factor ? now : count * factor))
        }
        guard let seconds = number(text) else {
            throw Problem(400, "?since= is a time ago such as 10m, seconds since 1970, or RFC 3339.")
        }
        // A number this large is a moment, because no client asks for the events of more than thirty years.
        return .since(seconds >= 1_000_000_000 ? (seconds * 1000).by(ahead) : now - min(now, seconds * 1000))
    }

    /// A number of up to twelve digits. Its product with every unit but `d` fits 64 bits.
    private static func number(_ text: String) -> UInt64? {
        guard (1...12).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return UInt64(text)
    }
}

extension UInt64 {
    /// A moment, moved back by some milliseconds; not before 0.
    fileprivate func by(_ ahead: Int64) -> UInt64 {
        UInt64(Swift.max(0, Int64(clamping: self).subtractingReportingOverflow(ahead).partialValue))
    }
}
