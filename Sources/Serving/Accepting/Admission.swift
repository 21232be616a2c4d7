/// Whether crier serves a connection, or accepted it only to refuse it politely because all connections are in use.
enum Admission: UInt8, Sendable {
    case served
    case refused
}
