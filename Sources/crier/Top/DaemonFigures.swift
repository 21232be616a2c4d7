/// One event of `$crier/stats`.
struct DaemonFigures: Codable {
    /// How long events took from their publish to the last write, in milliseconds; nil when there was none.
    struct Latency: Codable {
        let p50: Double?
        let p90: Double?
        let p99: Double?
    }

    let time: Int
    let connections: Int
    let subscribers: Int
    let behind: Int
    let channels: Int
    let patterns: Int
    let published: Int
    let delivered: Int
    let deliveredBytes: Int
    let historyEvents: Int
    let historyBytes: Int
    let memory: Int
    let restarts: Int
    let started: Int
    let version: String
    let publishToWriteMilliseconds: Latency

    /// Rates since earlier figures; nil without any, or after a new start of the daemon.
    func rates(since earlier: DaemonFigures?) -> DaemonRates? {
        guard let earlier, time > earlier.time, delivered >= earlier.delivered, published >= earlier.published else {
            return nil
        }
        let seconds = Double(time) - Double(earlier.time)
        func rate(_ now: Int, _ before: Int) -> Double { (Double(now) - Double(before)) / seconds }
        return DaemonRates(
            published: rate(published, earlier.published), delivered: rate(delivered, earlier.delivered),
            deliveredBytes: rate(deliveredBytes, earlier.deliveredBytes))
    }
}

/// Events and bytes of a daemon in a second.
struct DaemonRates: Codable {
    let published: Double
    let delivered: Double
    let deliveredBytes: Double
}
