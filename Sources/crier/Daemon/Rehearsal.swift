import ArgumentParser
import Authorizing
import Bytes
import Clustering
import Configuring
import Kernel
import Serving

/// Finds out whether this program could continue the connections of another process, without doing so: it reads the
/// configuration, the keys, and the state on its standard input.
enum Rehearsal {
    static func run(_ options: SettingsOptions, listen: [String]) throws {
        let settings: Settings
        do throws(SettingsOptions.Mistakes) {
            settings = try options.load(listen: listen)
            do throws(KeyProblem) { try Authority.check(settings.access) } catch {
                throw SettingsOptions.Mistakes(lines: ["\(error)"])
            }
        } catch {
            for line in error.lines { StandardIO.writeError(line) }
            throw SettingsOptions.exitCode
        }
        let state = MemoryFile(adopting: Descriptor(owning: StandardStream.input.rawValue))
        do {
            // When memory runs out, this process ends, and not the daemon.
            ProcessMemory.endFirst()
            let (open, history) = try InheritedState.check(state)
            guard history == HistorySetup.name(settings) else {
                throw HistorySetup.Failure(
                    description: "history.store and history.path cannot change while the streams go on")
            }
            // The connections would wait for etcd in vain.
            if settings.cluster.engine == .etcd { _ = try EtcdLog(try ClusterSetup.etcd(settings.cluster)).head() }
            var listeners = ListenerSetup(settings)
            defer { for path in listeners.unixPaths { Listener.removeSocketFile(path) } }
            try listeners.openNew(besides: open)
        } catch let error as ByteReader.Damage {
            StandardIO.writeError("the state is refused: \(error)")
            throw ExitCode.failure
        } catch {
            StandardIO.writeError("\(error)")
            throw ExitCode.failure
        }
    }
}
