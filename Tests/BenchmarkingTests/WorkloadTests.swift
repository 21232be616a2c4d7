import Testing
import TimeLimits

@testable import Benchmarking

private func workload(channels: Int, publishers: Int = 1) throws -> Workload {
    let endpoint = try Endpoint("http://127.0.0.1:1/{channel}")
    var workload = Workload(subscribe: endpoint, publish: endpoint)
    workload.channels = channels
    workload.publishers = publishers
    return workload
}

@Suite(.endsInTime()) struct `A workload` {
    @Test(arguments: [(1, 1), (1, 4), (2, 1), (3, 5), (5, 3), (7, 7), (10, 1)])
    func `numbers the events of one publisher to one channel without a gap, and counts them the same`(
        _ channels: Int, _ publishers: Int
    ) throws {
        let workload = try workload(channels: channels, publishers: publishers)
        for publisher in 0..<publishers {
            var sequences = [[UInt32]](repeating: [], count: channels)
            for count in 0...40 {
                let shares = (0..<channels).map { workload.share(of: $0, in: count, from: publisher) }
                #expect(shares == sequences.map(\.count), "\(count) events of publisher \(publisher)")
                let destination = workload.destination(of: count, from: publisher)
                sequences[destination.channel].append(destination.sequence)
            }
            for sequence in sequences { #expect(sequence == Array(0..<UInt32(sequence.count))) }
            // Evenly spread: no channel is more than one event ahead.
            let counts = sequences.map(\.count)
            #expect(counts.max()! - counts.min()! <= 1)
        }
    }

    @Test func `lets each publisher start with a different channel`() throws {
        let workload = try workload(channels: 3, publishers: 5)
        #expect((0..<5).map { workload.destination(of: 0, from: $0).channel } == [0, 1, 2, 0, 1])
    }

    @Test func `names its channels`() throws {
        var workload = try workload(channels: 2)
        workload.channelPrefix = "a/b-"
        #expect(workload.channel(12) == "a/b-12")
    }
}
