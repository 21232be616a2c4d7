import Broadcasting
import Kernel
import Logging

/// The thread that watches over the node.
extension ClusterNode {
    /// Runs until ``stop()``.
    func control() {
        var control = NodeControl(settings)
        guard let hub = hub.withLock({ $0 }) else { return }
        var progress = (revision: UInt64(0), time: Clock.monotonic)
        while !isStopping {
            let began = Clock.monotonic
            let asked = (revision: withApplier { $0.revision }, time: Clock.steady)
            do throws(LogFailure) {
                let head = try log.head()
                judge(head, asked, hub)
                if status.isFollowing { try control.keep(self, log, hub, epoch: epoch) }
            } catch {
                if case .replaced(let reason) = error, log.isReplaced { startOver(reason) }
                note(error)
            }
            remember()
            // The member may answer, and not tell what is new.
            if status.behindSince == nil || isHeldBack || status.applied != progress.revision {
                progress = (status.applied, Clock.monotonic)
            } else if Clock.monotonic > progress.time + Self.silence {
                log.moveOn()
                progress.time = Clock.monotonic
            }
            // Until the node has read the log, it looks more often.
            let period: UInt64 = status.behindSince != nil || status.answered == 0 ? 50 : 1000
            _ = controlWakeup.wait(milliseconds: Int(period - min(period, Clock.monotonic - began)) + 1)
        }
    }

    /// Milliseconds without anything new after which a node that is behind asks another member.
    private static let silence: UInt64 = 5000

    /// An answer is judged by what was applied when it was asked for: meanwhile the node may have gone on.
    private func judge(_ head: LogHead, _ asked: (revision: UInt64, time: UInt64), _ hub: Hub) {
        guard head.epoch == epoch else {
            return startOver("the log has begun the epoch \(head.epoch?.description ?? "none") in place of \(epoch)")
        }
        guard head.revision >= asked.revision else {
            try? log.replaceEpoch(epoch, with: .random())
            return startOver("the store was put back: it is at \(head.revision), and was at \(asked.revision)")
        }
        hub.judgeWaiting(beyond: head.revision, askedBefore: asked.time)
        let recovered = current.withLock { current in
            defer {
                current.head = max(current.head, head.entry)
                current.answered = Clock.monotonic
                current.failure = nil
                // What the log has forgotten counts as applied.
                let applied = max(current.entry, asked.revision)
                if applied >= head.entry {
                    current.isUpToDate()
                } else if current.behindSince == nil {
                    current.behindSince = Clock.monotonic
                }
            }
            return current.failure != nil
        }
        if recovered { logger.notice("etcd answers again") }
    }
}
