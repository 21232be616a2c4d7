import Broadcasting
import Kernel
import Metrics
import Synchronization

/// The thread that appends.
extension ClusterNode {
    /// Runs until ``stop()``.
    func append() {
        let appender = Appender(log, node: settings.node, epoch: epoch, timeout: settings.timeout)
        // Early, so that an entry of the life before cannot come any more.
        _ = try? appender.claim()
        guard let hub = hub.withLock({ $0 }) else { return }
        while true {
            // Read first: a batch that comes between the last look at the queue and the stop must still be appended.
            let isLast = isStopping
            turnCount.add(1, ordering: .relaxed)
            let isOver = status.trouble?.isFinal == true
            while let batch = hub.nextEntry() {
                turnCount.add(1, ordering: .relaxed)
                if isOver {
                    hub.refuse(batch, isCertain: true, "this node starts over")
                } else {
                    send(batch, appender, hub)
                }
            }
            // Without the tail nothing comes back.
            let late = isOver ? .max : Clock.steady - settings.timeout
            hub.refuseWaiting(before: late, "the shared log does not answer")
            for batch in withApplier({ $0.withdraw(since: late) }) {
                hub.refuse(batch, isCertain: false, "this node is behind the shared log")
            }
            if isLast { return }
            _ = appendWakeup.wait(milliseconds: 500)
        }
    }

    private func send(_ batch: SharedBatch, _ appender: Appender, _ hub: Hub) {
        let (claim, applied) = withApplier { ($0.claim, $0.revision) }
        let start = Clock.monotonicNanoseconds
        let (outcome, place) = appender.append(
            batch, time: max(Clock.steady, hub.logTime), claim: claim, applied: applied,
            expect: { place in withApplier { $0.expect(batch, at: place) } },
            now: { [self] in
                turnCount.add(1, ordering: .relaxed)
                return isStopping ? .max : Clock.steady
            },
            pause: { Thread.sleep(milliseconds: 50) })
        if outcome == .appended { return commits.observe(Clock.monotonicNanoseconds - start) }
        // It may have come back nevertheless. Its publishers are answered then.
        if let place, withApplier({ $0.withdraw(place) }) == nil { return }
        if case .putBack = outcome { try? log.replaceEpoch(epoch, with: .random()) }
        if let trouble = outcome.refuse(batch, of: hub) { fail(trouble) }
        // The others wait no longer either.
        hub.refuseWaiting(before: Clock.steady - settings.timeout, "the shared log does not answer")
    }
}
