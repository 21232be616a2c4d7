import Access
import Broadcasting
import Hooks
import Kernel
import Metrics

/// Answers `GET /metrics`: sums the counters of all loops. No label grows with what clients send.
struct MetricsAnswer {
    let context: LoopContext

    func answer(_ format: Exposition.Format) -> Answer {
        var text = Exposition(format)
        let loops = context.ports.map(\.status)
        let hub = context.hub.summary
        func sum(_ count: (LoopStatus) -> Int) -> Int { loops.reduce(0) { $0 + count($1) } }
        let subscribers = sum { $0.subscribers.current }
        let behind = max(0, sum { $0.behind.current })

        text.gauge("crier_build_info", "The version that runs.", 1, [("version", context.life.version)])
        text.gauge("crier_start_time_seconds", "When the process started, in seconds since 1970.", context.life.started)
        text.counter(
            "crier_restarts_survived", "Restarts and crashes that the streams have survived.", context.life.restarts)
        text.gauge(
            "crier_recovery_sockets",
            "Sockets that stay open if the daemon is killed (server.survive-crash), those of closed connections included.",
            context.recovery?.sockets.count ?? 0)
        text.gauge("crier_connections", "Open connections.", sum { $0.connections.current })
        text.gauge(
            "crier_subscribers", "Subscribers at the head of the log, and behind it.", by: "state",
            [("live", max(0, subscribers - behind)), ("behind", behind)])
        text.gauge("crier_channels", "Channels.", hub.channels)
        text.gauge("crier_patterns", "Patterns with subscribers.", hub.patterns)
        text.counter("crier_published", "Events published.", sum { $0.published.current })
        text.counter(
            "crier_delivered", "Events delivered, once for each subscriber that got the event whole.",
            sum { $0.delivered.current })
        text.counter(
            "crier_delivered_bytes", "Bytes of delivered events, as written.", sum { $0.deliveredBytes.current })
        text.counter(
            "crier_writes", "System calls that wrote whole events; deliveries by writes are the events of one write.",
            sum { $0.writes.current })
        text.histogram(
            "crier_publish_to_write_seconds",
            "From the publish of an event to the last write of it by an event loop.",
            loops.reduce(into: Distribution()) { $0.add($1.deliveryTimes.distribution) })
        text.histogram(
            "crier_turn_seconds", "The time of a turn of an event loop, without its sleep.",
            loops.reduce(into: Distribution()) { $0.add($1.turnTimes.distribution) })
        text.seconds(
            "crier_turn_longest_seconds", "The longest turn of an event loop since the start.",
            loops.reduce(0) { max($0, $1.longestTurn.current) })
        text.seconds(
            "crier_hub_lock_longest_seconds", "The longest time that a thread has held the lock of the hub.",
            Int(clamping: context.hub.longestHold))
        text.gauge(
            "crier_mailbox_bytes", "Bytes of events that wait for the event loops, once for each loop.",
            context.ports.reduce(0) { $0 + $1.mailbox.backlog.current })
        text.histogram(
            "crier_commit_seconds", "The time of a write to the history on disk, which may have many events.",
            context.hub.commitTimes)
        text.gauge(
            "crier_history_events", "Retained events; an event of two channels counts twice.", hub.events)
        text.gauge(
            "crier_history_bytes", "Bytes of retained events in memory and on disk.", by: "place",
            [("memory", hub.bytesInMemory), ("disk", context.hub.storeName == "sqlite" ? hub.bytes : 0)])
        if let cluster = context.cluster {
            let figures = cluster.figures()
            text.gauge(
                "crier_cluster_ready", "Whether the node has applied what the majority of etcd has.",
                cluster.problem() == nil ? 1 : 0)
            text.gauge(
                "crier_cluster_applied", "The highest number of an event that the node may have applied.",
                Int(clamping: figures.applied))
            text.seconds(
                "crier_cluster_lag_seconds", "How long the node has been behind the shared log.",
                Int(figures.lag * 1e9))
            text.histogram(
                "crier_cluster_commit_seconds", "The time in which the shared log took an entry.", figures.commits)
            text.gauge(
                "crier_cluster_remote_subscribers", "Subscribers of other nodes; one of two channels counts twice.",
                figures.remoteSubscribers)
        }
        let groups = context.hub.groups
        func byGroup(_ count: (ChannelGroup) -> Int) -> [(String, Int)] { groups.map { ($0.name, count($0)) } }
        text.gauge(
            "crier_group_channels", "Channels of the groups that [[channel]] names.", by: "group",
            byGroup { $0.channels.current })
        text.gauge(
            "crier_group_subscribers", "Subscribers of the channels of a group.", by: "group",
            byGroup { $0.subscribers.current })
        text.counter(
            "crier_group_published", "Events published to the channels of a group.", by: "group",
            byGroup { $0.published.current })
        text.counter(
            "crier_group_published_bytes", "Bytes of events published to the channels of a group.", by: "group",
            byGroup { $0.publishedBytes.current })
        let hooks = context.hooks
        text.counter("crier_hook_messages_delivered", "Messages that hooks have got.", hooks.counts.delivered)
        text.counter("crier_hook_attempts_failed", "Attempts to tell a hook that failed.", hooks.counts.failed)
        text.counter(
            "crier_hook_messages_dropped", "Messages that no hook will get: a queue was full, or they became too old.",
            hooks.counts.dropped)
        text.gauge("crier_hook_messages_waiting", "Messages that wait for hooks.", hooks.waiting)
        text.counter("crier_resumes", "Subscriptions with a position.", sum { $0.resumes.current })
        text.counter("crier_gaps", "Gaps that subscribers were told.", sum { $0.gaps.current })
        text.counter(
            "crier_closed", "Streams that ended, by reason.", by: "reason",
            StreamEnd.allCases.map { end in ("\(end)", sum { $0.endedStreams[end.rawValue].current }) })
        text.counter(
            "crier_slow", "Slow subscribers that were disconnected or made to skip events, by the limit.", by: "limit",
            LagLimit.allCases.map { limit in ("\(limit)", sum { $0.lagged[limit.rawValue] }) })
        text.counter(
            "crier_slow_cuts", "Slow subscribers by what became of them.", by: "policy",
            [
                ("disconnect", max(0, sum { $0.lagged.reduce(0, +) } - sum { $0.skips.current })),
                ("skip", sum { $0.skips.current }),
            ])
        text.counter(
            "crier_refused", "Requests that were refused, by reason.", by: "reason",
            RefusalReason.allCases.map { reason in (reason.label, sum { $0.refused[reason.rawValue].current }) })
        text.counter(
            "crier_authentication_failures", "Tokens that were not accepted, by reason.", by: "reason",
            TokenFault.allCases.enumerated().map { index, fault in
                (fault.label, sum { $0.tokenFaults[index].current })
            })
        return Answer(status: 200, type: format.mediaType, body: text.finish())
    }
}
