/// An event as envelopes, one for each channel that an envelope names. Nearly no event has any.
final class FrameEnvelopes: Sendable {
    private struct Envelope {
        /// The index of the channel that it names.
        let channel: Int
        /// Nil after ``FrameEnvelopes/release()``.
        var kept: Frame?
        /// Stalled subscribers that hold the envelope share it: a copy for each would be memory that no limit counts.
        private weak var storage: FrameStorage?

        init(_ channel: Int, _ frame: Frame) {
            (self.channel, kept, storage) = (channel, frame, frame.storage)
        }

        /// The envelope, if anyone holds it.
        var shared: Frame? { storage.map(Frame.init) }
    }

    private let envelopes = Guarded<[Envelope]>([])

    /// How many there are.
    var count: Int { envelopes.withLock { envelopes in envelopes.count { $0.shared != nil } } }

    /// The envelope that names a channel; makes it unless somebody still has it.
    func envelope(_ channel: Int, make: () -> Frame) -> Frame {
        envelopes.withLock { envelopes in
            if let place = envelopes.firstIndex(where: { $0.channel == channel }), let known = envelopes[place].shared {
                envelopes[place].kept = known
                return known
            }
            let frame = make()
            envelopes.removeAll { $0.channel == channel }
            envelopes.append(Envelope(channel, frame))
            return frame
        }
    }

    /// Keeps no envelope any longer. Those that a subscriber holds stay known.
    func release() {
        envelopes.withLock { envelopes in
            for index in envelopes.indices { envelopes[index].kept = nil }
            envelopes.removeAll { $0.shared == nil }
        }
    }
}
