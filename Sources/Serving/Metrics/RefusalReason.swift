/// Why crier refused a request, as metrics name it. Bounded, whatever clients send.
enum RefusalReason: Int, CaseIterable, Sendable {
    case badRequest, unauthenticated, forbidden, notFound, methodNotAllowed, notAcceptable, timeout, conflict, tooLarge
    case unsupported, misdirected, limit, overload, other

    /// The reason of an answer with a status of 400 or more.
    init(status: Int) {
        self =
            switch status {
            case 400: .badRequest
            case 401: .unauthenticated
            case 403: .forbidden
            case 404: .notFound
            case 405: .methodNotAllowed
            case 406: .notAcceptable
            case 408: .timeout
            case 409, 422: .conflict
            case 413, 414, 431: .tooLarge
            case 415: .unsupported
            case 421: .misdirected
            case 429: .limit
            case 503: .overload
            default: .other
            }
    }

    /// The value of the label.
    var label: String {
        switch self {
        case .badRequest: "bad_request"
        case .unauthenticated: "unauthenticated"
        case .forbidden: "forbidden"
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        case .notAcceptable: "not_acceptable"
        case .timeout: "timeout"
        case .conflict: "conflict"
        case .tooLarge: "too_large"
        case .unsupported: "unsupported"
        case .misdirected: "misdirected"
        case .limit: "limit"
        case .overload: "overload"
        case .other: "other"
        }
    }
}
