import Access
import Kernel

/// The rate at which one caller may publish: the bearer of a token by name, another client by address.
struct PublishRate {
    let limiter: RateLimiter
    let rate: Rate
    /// Events that may come at once.
    let burst: Int

    /// Counts events that are published in any case. The next ones wait for them.
    func charge(_ events: Int, _ grant: Grant?, _ client: AddressBlock?) {
        guard let subject = subject(grant, client) else { return }
        limiter.charge(events, to: subject, rate, now: Clock.monotonicNanoseconds)
    }

    /// Nil for a user of this machine without a name, by a Unix socket.
    private func subject(_ grant: Grant?, _ client: AddressBlock?) -> RateLimiter.Subject? {
        if let name = grant?.name, !name.isEmpty { return RateLimiter.Subject("name", name) }
        return client.map { RateLimiter.Subject("address", $0) }
    }

    /// Counts events, if one is left.
    ///
    /// - Returns: the fields of the answer that say how many are left, and the refusal when there are none.
    func take(_ events: Int, _ grant: Grant?, _ client: AddressBlock?) -> (fields: [UInt8], problem: Problem?) {
        guard let subject = subject(grant, client) else { return ([], nil) }
        let verdict = limiter.take(events, of: subject, rate, burst: burst, now: Clock.monotonicNanoseconds)
        let window = max(1, rate.period / 1000)
        let reset = (verdict.wait + 999_999_999) / 1_000_000_000
        // draft-ietf-httpapi-ratelimit-headers-11
        let fields =
            "RateLimit-Policy: \"publish\";q=\(rate.count);w=\(window)\r\n"
            + "RateLimit: \"publish\";r=\(verdict.remaining);t=\(verdict.isAllowed ? window : max(1, reset))\r\n"
        guard !verdict.isAllowed else { return (Array(fields.utf8), nil) }
        let problem = Problem(
            429,
            "The publisher has reached its rate of \(rate.count) events in \(rate.period) ms (limits.publish-rate).",
            retryAfter: Int(max(1, reset)))
        return (Array(fields.utf8), problem)
    }
}
