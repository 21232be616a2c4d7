import Access

/// A command from another thread to a loop.
enum LoopCommand: Sendable {
    /// Serve a connection that another loop accepted. The loop takes over the descriptor with this number.
    case adopt(CInt, Arrival)
    /// Use other settings.
    case configure(ServingSettings)
    /// Continue with the connection that waited for the grant of its token.
    case verified(Connections.Token, Result<Grant, TokenFault>)
    /// End the streams whose grants are no longer in force.
    case checkGrants
    /// Accept no more connections, finish the present ones, and end.
    case drain
}
