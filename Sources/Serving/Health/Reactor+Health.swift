import Broadcasting
import HTTPMessages
import Kernel

/// The part of a loop in readiness checks.
extension Reactor {
    /// Answers `GET /readyz` when a check has been made.
    mutating func checkReadiness(_ slot: UInt32, _ exchange: Exchange) {
        exchange.awaitAnswer()
        context.readiness.check(for: connections.token(slot), of: context.index)
    }

    /// Subscribes a socket of a readiness check to its channel.
    mutating func watchCanary(_ socket: CInt) {
        guard let channel = ReadinessChecks.channel, let connection = adopt(socket, .none, listener: nil) else {
            return
        }
        connections[connection].isInternal = true
        let request = SubscriptionRequest(channels: [channel], replay: ReplayStart.none)
        guard case .subscribed(let subscription) = context.hub.subscribe(request, on: context.index, now: time.today)
        else { return connections.close(connection, .refused) }
        let slot = add(
            subscription, .random(using: &generator), .bare, on: connection, grant: nil,
            client: clients.shared(ClientDetails(agent: [], address: nil)), since: time.today)
        let isWritten = subscribers.write(
            framed: Array(":canary\n".utf8), to: slot, &connections, moreFollows: false)
        if isWritten, subscription.isBehind { catchUp.append(subscribers.token(slot)) }
    }
}
