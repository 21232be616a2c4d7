import Access

/// A command from another thread to a loop.
enum LoopCommand: Sendable {
    /// Serve a connection that another loop accepted. The loop takes over the descriptor with this number.
    case adopt(CInt, Arrival)
    /// Use other settings.
    case configure(ServingSettings)
    /// Continue with the connection that waited for the grant of its token.
    case verified(Connections.Token, Result<Grant, TokenFault>)
    /// Give the connection the answer that it waits for.
    case answered(Connections.Token, Result<Answer, Problem>)
    /// Look for sessions.
    case session(SessionRequest)
    /// Subscribe this socket to the channel of readiness checks. The loop takes over the descriptor.
    case watchCanary(CInt)
    /// End the streams whose grants are no longer in force.
    case checkGrants
    /// Continue connections of the process before.
    case restore([RestoredConnection])
    /// Continue streams of a process that was killed.
    case recover([RecoveredStream])
    /// Tell another thread that the commands before this one have been executed.
    case acknowledge(Acknowledgement)
    /// Come to a stop, for another process to continue the connections.
    case freeze(Freeze)
    /// Accept no more connections, finish the present ones, and end.
    case drain
}
