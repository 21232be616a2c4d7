import SeededRandom
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `A round robin` {
    @Test func `visits each slot that stays exactly once a round, whichever slots come and leave meanwhile`() {
        for seed in 0..<300 {
            var generator = SplitMix(state: UInt64(seed))
            var list = RoundRobin()
            var places: [UInt32: Int] = [:]
            var visits: [UInt32: Int] = [:]
            var removed: Set<UInt32> = []
            var next: UInt32 = 0
            func add(_ list: inout RoundRobin) {
                places[next] = list.append(next)
                next += 1
            }
            for _ in 0..<20 { add(&list) }
            while !list.isRoundComplete {
                let slot = list.slots[list.next]
                visits[slot, default: 0] += 1
                list.next += 1
                switch Int.random(in: 0..<4, using: &generator) {
                case 0 where next < 60: add(&list)
                case 1:
                    guard let victim = list.slots.randomElement(using: &generator), let place = places[victim] else {
                        break
                    }
                    #expect(list.slots[place] == victim)
                    let moves = list.remove(at: place)
                    for case .some(let move) in [moves.0, moves.1] { places[move.slot] = move.place }
                    places[victim] = nil
                    removed.insert(victim)
                default: break
                }
            }
            for slot in 0..<next where !removed.contains(slot) {
                #expect(visits[slot] == 1, "seed \(seed), slot \(slot)")
            }
            #expect(visits.values.allSatisfy { $0 == 1 })
        }
    }
}
