public import Curl
import Kernel

extension HTTPCall {
    /// An attempt to deliver a message, at this moment.
    public init(_ message: HookMessage, to url: String, secret: HookSecret?) {
        let time = Clock.realtime / 1000
        var fields = [
            ("Content-Type", "application/json"), ("webhook-id", message.id), ("webhook-timestamp", "\(time)"),
        ]
        if let secret { fields.append(("webhook-signature", secret.signature(message, at: time))) }
        self.init(post: message.body, to: url, fields: fields)
    }
}
