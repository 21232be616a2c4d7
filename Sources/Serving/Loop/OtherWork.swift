/// Work that comes after the events of quick connections have been written.
enum OtherWork {
    case reads, replay, verified

    /// What follows it in a turn.
    var next: OtherWork {
        switch self {
        case .verified: .reads
        case .reads: .replay
        case .replay: .verified
        }
    }
}
