import Broadcasting

// The tables [[listen]] and [[channel]] of the file.
extension Configuration {
    mutating func listener(_ entries: [Document.Entry], _ path: String, _ document: Document) -> ListenSettings? {
        var result = ListenSettings.standard
        var hasAddress = false
        for entry in entries {
            do throws(InvalidValue) {
                switch entry.path {
                case "address":
                    result.address = try ListenAddress(try entry.value.string())
                    hasAddress = true
                case "roles": result.roles = try ListenSettings.roles(try entry.value.strings())
                case "hosts": result.hosts = try ListenSettings.hosts(try entry.value.strings())
                case "origins": result.origins = try ListenSettings.origins(try entry.value.strings())
                case "private-network": result.allowsPrivateNetwork = try entry.value.flag()
                case "proxy-protocol": result.usesProxyProtocol = try entry.value.flag()
                case "open": result.isOpen = try entry.value.flag()
                case "mode": result.mode = try Self.mode(try entry.value.string())
                case "owner": result.owner = Self.owner(try entry.value.string())
                default: throw InvalidValue("there is no such key")
                }
            } catch {
                add(document.place("\(path).\(entry.path)"), "\(path).\(entry.path)", error.description)
            }
        }
        guard hasAddress else {
            if !entries.contains(where: { $0.path == "address" }) {
                add(document.place(path), "\(path).address", "is missing")
            }
            return nil
        }
        if case .unix = result.address { return result }
        for entry in entries where entry.path == "mode" || entry.path == "owner" {
            add(document.place("\(path).\(entry.path)"), "\(path).\(entry.path)", "is for Unix sockets only")
        }
        return result
    }

    mutating func channelRule(
        _ entries: [Document.Entry], _ path: String, _ document: Document
    ) -> HistoryRule? {
        var pattern: ChannelPattern?
        var limits = settings.history.standard
        var slow = settings.history.slow
        var group: ChannelGroup?
        for entry in entries {
            do throws(InvalidValue) {
                switch entry.path {
                case "pattern":
                    let text = try entry.value.string()
                    do throws(ChannelPattern.Invalid) {
                        pattern = try ChannelPattern(text)
                    } catch {
                        throw InvalidValue(error.description)
                    }
                case "events": limits.events = try entry.value.integer(0...1_000_000_000)
                case "bytes": limits.bytes = try entry.value.size(0...1 << 40)
                case "age": limits.age = try entry.value.duration(1_000...315_360_000_000)
                case "replay": limits.replay = try entry.value.replay()
                case "group": group = try self.group(try entry.value.string())
                case "slow": slow.action = try entry.value.word()
                case "slow-events": slow.events = try entry.value.integer(0...1_000_000_000)
                case "slow-bytes": slow.bytes = try entry.value.size(0...1 << 40)
                case "slow-age": slow.age = try entry.value.duration(0...315_360_000_000)
                default: throw InvalidValue("there is no such key")
                }
            } catch {
                add(document.place("\(path).\(entry.path)"), "\(path).\(entry.path)", error.description)
            }
        }
        if pattern == nil, !entries.contains(where: { $0.path == "pattern" }) {
            add(document.place(path), "\(path).pattern", "is missing")
        }
        return pattern.map { HistoryRule(pattern: $0, limits: limits, slow: slow, group: group) }
    }

    /// The group with a name: rules with the same name have the same group.
    private func group(_ name: String) throws(InvalidValue) -> ChannelGroup {
        let allowed = name.utf8.allSatisfy { byte in
            byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber)
                || "_-./:".utf8.contains(byte)
        }
        guard (1...64).contains(name.utf8.count), allowed else {
            throw InvalidValue("must have 1 to 64 characters: letters, digits and _ - . / :")
        }
        let groups = settings.history.groups
        if let known = groups.first(where: { $0.name == name }) { return known }
        guard groups.count < ChannelGroup.limit else {
            throw InvalidValue("is the \(groups.count + 1)th group; \(ChannelGroup.limit) is the limit")
        }
        return ChannelGroup(name)
    }

    private static func mode(_ text: String) throws(InvalidValue) -> UInt32 {
        guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
            throw InvalidValue("must be octal permission bits such as \"0660\"")
        }
        return mode
    }

    private static func owner(_ text: String) -> ListenSettings.Owner {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        return ListenSettings.Owner(user: parts.first ?? "", group: parts.count > 1 ? parts[1] : nil)
    }
}
