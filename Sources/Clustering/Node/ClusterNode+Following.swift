import Broadcasting
import Kernel

/// The thread that follows the log.
extension ClusterNode {
    /// Runs until ``stop()``.
    func follow() {
        while !isStopping {
            let revision = withApplier { $0.revision }
            do throws(LogFailure) {
                try log.tail(
                    after: revision, isStopped: { [self] in isStopping || status.trouble.map(\.isFinal) == true },
                    take)
            } catch {
                switch error {
                case .compacted(let begin) where begin > revision && !status.hasRead:
                    withApplier { $0.skip(to: begin) }
                case .compacted(let begin) where begin > revision:
                    startOver(
                        "it was behind what the others have forgotten: at \(revision), and the log begins at \(begin)")
                case .compacted, .unreachable, .full, .refused, .replaced: note(error)
                }
            }
            if !isStopping { Thread.sleep(milliseconds: 100) }
        }
    }

    private func take(_ item: TailItem) {
        // The connection ends a moment later.
        if status.trouble?.isFinal == true { return }
        switch item {
        case .entry(let revision, let bytes):
            switch apply(revision, bytes) {
            case nil: break
            case .applied(let node, let time, let isTrim): didApply(revision, node: node, time: time, isTrim: isTrim)
            case .cannotRead(let reason): fail(.cannotRead(reason))
            case .disagrees(let reason): startOver(reason)
            }
        case .epoch(let revision, let epoch):
            if revision > opened, epoch != self.epoch {
                startOver("the log has begun the epoch \(epoch?.description ?? "none") in place of \(self.epoch)")
            }
            reach(revision)
        case .node(let revision, let name, let isAlive):
            current.withLock { current in
                if isAlive { current.living.insert(name) } else { current.living.remove(name) }
            }
            if !isAlive, name != settings.node { hub.withLock { $0 }?.forgetNode(name) }
            reach(revision)
        case .reached(let revision): reach(revision)
        }
    }

    /// Applies an entry as soon as it may be; nil when nothing may be applied any more.
    private func apply(_ revision: UInt64, _ bytes: [UInt8]) -> Applier.Outcome? {
        while true {
            waitForLoops()
            // After a trouble, what follows would be applied without what came before it.
            if isStopping || status.trouble?.isFinal == true { return nil }
            let isLive = status.hasRead
            let outcome: Applier.Outcome?? = withApplier { applier in
                // Somebody may have paused the node since.
                isPaused
                    ? nil : .some(applier.apply(revision, bytes, now: Clock.steady, isLive: isLive))
            }
            if let outcome { return outcome }
        }
    }

    /// Waits while the loops have so much to write that further events would only fill the memory.
    private func waitForLoops() {
        while isHeldBack {
            if isStopping { return }
            Thread.sleep(milliseconds: 2)
        }
    }

    /// Whether nothing can be applied now.
    var isHeldBack: Bool {
        isPaused
            || hub.withLock({ $0 }).map({ $0.backlog > settings.backlog }) == true
    }

    private func reach(_ revision: UInt64) {
        withApplier { $0.reach(revision) }
        current.withLock { $0.applied = max($0.applied, revision) }
    }

    private func didApply(_ revision: UInt64, node: String, time: UInt64, isTrim: Bool) {
        let wasBehind = current.withLock { current in
            current.applied = max(current.applied, revision)
            current.entry = max(current.entry, revision)
            defer { if current.entry >= current.head { current.isUpToDate() } }
            return current.behindSince != nil
        }
        if !wasBehind, node != settings.node { clocks.compare(node, time, now: Clock.steady, logger) }
        if isTrim { controlWakeup.notify() }
    }
}
