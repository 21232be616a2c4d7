/// A daemon to connect to, and the token for it.
struct RemoteDaemon {
    let url: DaemonURL
    let token: ClientToken?

    /// The fields of a request that say for whom it is and who sends it, each with its line break.
    func fields() throws(ClientFailure) -> String {
        guard let token else { return "Host: \(url.authority)\r\n" }
        return "Host: \(url.authority)\r\nAuthorization: Bearer \(try token.text())\r\n"
    }
}
