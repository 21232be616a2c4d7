import Kernel
import Synchronization

/// How many connections each client address has, over all loops. An address is in the table as long as it has connections,
/// so the table never has more places than there were connections at a time.
final class AddressCounts: Sendable {
    /// The place of a connection's address in the table: four bytes instead of the address.
    struct Place: Sendable {
        fileprivate let index: UInt32
        /// Of a connection that no limit counts.
        static let none = Place(index: .max)
    }

    /// Connections of one address beyond the limit that crier accepts in order to refuse them politely. It closes further
    /// ones at once: otherwise one client could use up the places of all by connecting ever again.
    static let reserve = 8

    private struct Entry {
        let address: AddressBlock
        var count: Int
    }

    private struct Table {
        var places: [AddressBlock: UInt32] = [:]
        var entries: [Entry?] = []
        var free: [UInt32] = []
    }

    private let table = Mutex(Table())

    /// Counts a connection.
    ///
    /// - Parameter limit: the most connections of an address that crier serves, 1 or more.
    /// - Returns: the admission and the place to give back with ``remove(_:)``; nil when crier must close the connection.
    func add(_ address: AddressBlock, limit: Int) -> (Admission, Place)? {
        table.withLock { table in
            guard let index = table.places[address] else {
                let entry = Entry(address: address, count: 1)
                let index: UInt32
                if let unused = table.free.popLast() {
                    index = unused
                    table.entries[Int(index)] = entry
                } else {
                    index = UInt32(table.entries.count)
                    table.entries.append(entry)
                }
                table.places[address] = index
                return (.served, Place(index: index))
            }
            let count = table.entries[Int(index)]?.count ?? 0
            guard count < limit + Self.reserve else { return nil }
            table.entries[Int(index)]?.count = count + 1
            return (count < limit ? .served : .addressFull, Place(index: index))
        }
    }

    /// A connection has closed.
    func remove(_ place: Place) {
        guard place.index != Place.none.index else { return }
        table.withLock { table in
            guard let entry = table.entries[Int(place.index)] else { return }
            if entry.count > 1 {
                table.entries[Int(place.index)]?.count -= 1
            } else {
                table.entries[Int(place.index)] = nil
                table.places[entry.address] = nil
                table.free.append(place.index)
            }
        }
    }

    /// The number of addresses with connections.
    var count: Int { table.withLock { $0.places.count } }
}
