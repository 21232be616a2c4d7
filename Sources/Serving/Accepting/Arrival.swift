/// What crier knows about a connection when it accepts it.
struct Arrival: Sendable {
    /// The index of the listening socket, whose roles decide which requests crier accepts.
    let listener: UInt8
    let admission: Admission
    let address: AddressCounts.Place
}
