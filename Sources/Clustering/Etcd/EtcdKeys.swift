/// The keys of a log in etcd.
struct EtcdKeys {
    /// All nodes watch what begins with this.
    let watched: String
    /// The entries: each overwrites the one before, and the revisions of the key are the log.
    let entries: String
    /// The epoch, and the store that it was begun in.
    let epoch: String
    /// A key for each node that lives follows.
    let nodes: String
    /// The revision up to which the nodes have had the log compacted. A log that begins later was compacted by others.
    let floor: String
    /// A key with the place of each node follows.
    let writers: String

    init(prefix: String) {
        watched = prefix + "/log/"
        entries = watched + "entries"
        epoch = watched + "epoch"
        nodes = watched + "nodes/"
        floor = prefix + "/floor"
        writers = prefix + "/writers/"
    }

    /// The first key after all that begin with some text.
    static func end(of prefix: String) -> [UInt8] {
        var bytes = Array(prefix.utf8)
        bytes[bytes.count - 1] += 1
        return bytes
    }
}
