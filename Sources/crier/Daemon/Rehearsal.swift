import ArgumentParser
import Authorizing
import Bytes
import Configuring
import Kernel
import Serving

/// Finds out whether this program could continue the connections of another process, without doing so: it reads the
/// configuration, the keys, and the state on its standard input.
enum Rehearsal {
    static func run(_ options: SettingsOptions, listen: [String]) throws {
        do throws(SettingsOptions.Mistakes) {
            let settings = try options.load(listen: listen)
            do throws(KeyProblem) { try Authority.check(settings.access) } catch {
                throw SettingsOptions.Mistakes(lines: ["\(error)"])
            }
        } catch {
            for line in error.lines { StandardIO.writeError(line) }
            throw SettingsOptions.exitCode
        }
        let state = MemoryFile(adopting: Descriptor(owning: StandardStream.input.rawValue))
        do throws(ByteReader.Damage) { try InheritedState.check(state) } catch {
            StandardIO.writeError("the state is refused: \(error)")
            throw ExitCode.failure
        }
    }
}
