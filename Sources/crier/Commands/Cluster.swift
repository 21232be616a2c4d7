import ArgumentParser
import Broadcasting
import Clustering
import Configuring
import Kernel

/// `crier cluster`
struct Cluster: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the shared log of a cluster, or change it.",
        discussion: "Reads [cluster] of the configuration, and talks to etcd, not to a daemon.",
        subcommands: [Status.self, EpochCommand.self, Trim.self])

    /// The settings, of a daemon that is a node of a cluster.
    static func administration(_ options: SettingsOptions) throws -> ClusterAdministration {
        let settings = try options.loadOrExit()
        guard settings.cluster.engine == .etcd else {
            StandardIO.writeError("cluster.engine is none: this daemon is no node of a cluster")
            throw SettingsOptions.exitCode
        }
        do {
            return try ClusterAdministration(try ClusterSetup.etcd(settings.cluster))
        } catch {
            StandardIO.writeError("\(error)")
            throw ExitCode.failure
        }
    }

    /// Runs a command, and says why it failed.
    static func run<Value>(_ body: () throws(LogFailure) -> Value) throws -> Value {
        do throws(LogFailure) { return try body() } catch {
            StandardIO.writeError("\(error)")
            throw ExitCode.failure
        }
    }

    /// `crier cluster status`
    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the members of etcd, the end of the log, and the nodes that live.",
            discussion: "Exit codes: 0 the majority of etcd answers; 1 it does not; 78 the configuration has errors.")

        @OptionGroup var settings: SettingsOptions

        func run() throws {
            let administration = try Cluster.administration(settings)
            let (head, nodes, members) = try Cluster.run { () throws(LogFailure) in try administration.status() }
            for member in members {
                let role = member.version.isEmpty ? "silent" : member.isLeader ? "leader" : "follower"
                let size = "\(member.size.all >> 20) MiB, \(member.size.used >> 20) MiB of it in use"
                let state = member.version.isEmpty ? "" : " etcd \(member.version), \(size)"
                StandardIO.write("\(role) \(member.address)\(state)\(member.problem.map { ": \($0)" } ?? "")\n")
            }
            StandardIO.write("epoch \(head.epoch?.description ?? "none yet"), in the store \(head.store)\n")
            StandardIO.write("log at revision \(head.revision); the newest entry is \(head.entry)\n")
            for (name, text) in nodes.sorted(by: { $0.key < $1.key }) { StandardIO.write("node \(name) \(text)\n") }
        }
    }

    /// `crier cluster epoch`
    struct EpochCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "epoch", abstract: "Print the epoch of the log, or begin a new one.",
            discussion: """
                After etcd was put back from a backup under the same name, begin a new epoch before the nodes start: numbers that \
                etcd gives again then belong to another epoch, and clients that resume get a gap. Nodes that run read the log again.
                """)

        @Flag(help: "Begin a new epoch.")
        var new = false

        @OptionGroup var settings: SettingsOptions

        func run() throws {
            let administration = try Cluster.administration(settings)
            let epoch = try Cluster.run { () throws(LogFailure) in
                new ? try administration.beginEpoch() : try administration.status().head.epoch
            }
            StandardIO.write("\(epoch?.description ?? "none yet")\n")
        }
    }

    /// `crier cluster trim`
    struct Trim: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have all nodes forget the older events, to make room in etcd.",
            discussion: """
                Subscribers that need them get a gap. A node does this by itself, within history.total and history.age; this is for \
                an etcd that is nearly full. Then defragment its members, one after the other: etcdctl defrag.
                """)

        @Option(help: "The id, or the number, of the oldest event that stays.")
        var below: String

        @OptionGroup var settings: SettingsOptions

        func run() throws {
            let position = EventPosition(below)
            guard let number = position?.sequence ?? UInt64(below) else {
                throw ValidationError("--below is the id of an event, such as e3k-12288, or its number")
            }
            let administration = try Cluster.administration(settings)
            try Cluster.run { () throws(LogFailure) in
                try administration.trim(below: number, in: position?.epoch, now: Clock.realtime)
            }
        }
    }
}
