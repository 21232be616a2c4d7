public import Bytes

extension Frame {
    /// Writes the event.
    public func write(to writer: inout ByteWriter, _ topics: SnapshotTopics) {
        writer.write(sequence)
        writer.write(time)
        writer.write(endsTopic.flatMap { topics.place(of: $0) }.map { UInt64($0) })
        writer.write(count: channels.count)
        for channel in channels { writer.write(channel.description) }
        unsafe writer.write(bytes: bytes)
    }

    /// Reads an event.
    ///
    /// - Parameter topics: those of the snapshot, by their places.
    public init(_ reader: inout ByteReader, _ topics: [RestoredTopic]) throws(ByteReader.Damage) {
        let (sequence, time) = (try reader.tally(), try reader.tally())
        let endsTopic = try reader.flag() ? topics[try reader.index(below: topics.count)].id : nil
        let channels = try reader.list { reader throws(ByteReader.Damage) in try ChannelName(reading: &reader) }
        let wire = try reader.array()
        guard wire.count < 1 << 31 else { throw ByteReader.Damage("an event is too long") }
        self.init(sequence: sequence, time: time, endsTopic: endsTopic, channels: channels, wire: wire)
    }
}

extension ChannelName {
    /// Reads a name.
    public init(reading reader: inout ByteReader) throws(ByteReader.Damage) {
        let text = try reader.text()
        do throws(Invalid) { try self.init(text) } catch { throw ByteReader.Damage("a name is invalid") }
    }
}

extension ChannelPattern {
    /// Reads a pattern.
    public init(reading reader: inout ByteReader) throws(ByteReader.Damage) {
        let text = try reader.text()
        do throws(Invalid) { try self.init(text) } catch { throw ByteReader.Damage("a pattern is invalid") }
    }
}
