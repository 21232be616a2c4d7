import Broadcasting

@testable import Clustering

/// A shared log in memory that fails as an engine does: answers get lost, requests arrive late or not at all, and the store is
/// put back to an earlier state.
final class SimulatedLog: SharedLog {
    /// What happens to a request.
    enum Fault {
        /// It is done, and answered.
        case none
        /// It is done, and the answer is lost.
        case lostAnswer
        /// It is not done.
        case dropped
        /// It is done later, if it still may.
        case late
        /// It is answered with "full", done or not.
        case full(isDone: Bool)
    }

    struct State {
        var epoch: Epoch
        var store = 1
        var revision: UInt64 = 0
        /// Every entry since the store was last put back, compacted or not.
        var entries: [(revision: UInt64, bytes: [UInt8])] = []
        var compacted: UInt64 = 0
        var places: [String: WriterPlace] = [:]
        var late: [(entry: [UInt8], place: WriterPlace, epoch: Epoch)] = []
        /// What happens to the next requests.
        var faults: [Fault] = []

        mutating func nextFault() -> Fault { faults.isEmpty ? .none : faults.removeFirst() }

        mutating func append(_ entry: [UInt8], _ place: WriterPlace, _ epoch: Epoch) -> AppendOutcome {
            guard epoch == self.epoch else { return .otherEpoch(self.epoch) }
            guard places[place.node] == place else { return .moved(places[place.node]) }
            revision += 1
            entries.append((revision, entry))
            places[place.node] = place.next
            return .appended(revision: revision)
        }
    }

    let state: Guarded<State>

    init(_ epoch: Epoch) { state = Guarded(State(epoch: epoch)) }

    func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }

    func open(proposing proposed: Epoch, seen: LogMark?) throws(LogFailure) -> LogMark {
        change { LogMark(epoch: $0.epoch, store: "\($0.store)", revision: $0.revision) }
    }

    var isReplaced: Bool { false }

    func replaceEpoch(_ old: Epoch, with new: Epoch) throws(LogFailure) {
        change { if $0.epoch == old { $0.epoch = new } }
    }

    func claim(_ place: WriterPlace) throws(LogFailure) {
        try change { state -> Result<Void, LogFailure> in
            switch state.nextFault() {
            case .none: break
            case .lostAnswer:
                state.revision += 1
                state.places[place.node] = place
                return .failure(.unreachable("the answer is lost"))
            case .dropped, .late: return .failure(.unreachable("the request is lost"))
            case .full: return .failure(.full("the store is full"))
            }
            state.revision += 1
            state.places[place.node] = place
            return .success(())
        }.get()
    }

    func append(_ entry: [UInt8], at place: WriterPlace, epoch: Epoch) throws(LogFailure) -> AppendOutcome {
        try change { state -> Result<AppendOutcome, LogFailure> in
            switch state.nextFault() {
            case .none: return .success(state.append(entry, place, epoch))
            case .lostAnswer:
                _ = state.append(entry, place, epoch)
                return .failure(.unreachable("the answer is lost"))
            case .dropped: return .failure(.unreachable("the request is lost"))
            case .late:
                state.late.append((entry, place, epoch))
                return .failure(.unreachable("the request is late"))
            case .full(let isDone):
                if isDone { _ = state.append(entry, place, epoch) }
                return .failure(.full("the store is full"))
            }
        }.get()
    }

    func place(of node: String) throws(LogFailure) -> WriterPlace? {
        try change { state -> Result<WriterPlace?, LogFailure> in
            if case .dropped = state.nextFault() { return .failure(.unreachable("the request is lost")) }
            return .success(state.places[node])
        }.get()
    }

    func beginning() throws(LogFailure) -> UInt64 { change { $0.compacted } }

    func tail(
        after revision: UInt64, isStopped: @escaping @Sendable () -> Bool, _ take: @escaping (TailItem) -> Void
    ) throws(LogFailure) {
        let (compacted, entries) = change { state in
            (
                state.compacted,
                state.entries.filter { $0.revision > revision }.map { TailItem.entry(revision: $0.revision, $0.bytes) }
            )
        }
        guard revision >= compacted else { throw .compacted(compacted) }
        for entry in entries { take(entry) }
    }

    func read(_ revision: UInt64) throws(LogFailure) -> [UInt8]? {
        change { state in
            revision > state.compacted ? state.entries.first { $0.revision == revision }?.bytes : nil
        }
    }

    func head() throws(LogFailure) -> LogHead {
        change {
            LogHead(epoch: $0.epoch, store: "\($0.store)", revision: $0.revision, entry: $0.entries.last?.revision ?? 0)
        }
    }

    func trim(below revision: UInt64) throws(LogFailure) {
        change { $0.compacted = max($0.compacted, revision > 0 ? revision - 1 : 0) }
    }

    func moveOn() {}

    func announce(_ node: String, renewing isRenewing: Bool) throws(LogFailure) -> Bool { false }

    func leave(_ node: String) {}

    func nodes() throws(LogFailure) -> [String: [UInt8]] { [:] }
}
