/// What other threads tell a loop, events aside.
enum LoopCommand: Sendable {
    /// Serve a connection that another loop accepted. The loop takes over the descriptor with this number.
    case adopt(CInt, listener: UInt8, Admission)
    /// Use other settings.
    case configure(ServingSettings)
    /// Accept no more connections, finish with the present ones, and end.
    case drain
}
