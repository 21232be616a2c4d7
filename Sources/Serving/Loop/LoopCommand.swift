/// A command from another thread to a loop.
enum LoopCommand: Sendable {
    /// Serve a connection that another loop accepted. The loop takes over the descriptor with this number.
    case adopt(CInt, Arrival)
    /// Use other settings.
    case configure(ServingSettings)
    /// Accept no more connections, finish the present ones, and end.
    case drain
}
