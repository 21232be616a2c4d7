import Access
import JWTKit

extension Algorithm {
    var digest: DigestAlgorithm {
        switch self {
        case .hs256, .rs256, .ps256, .es256, .edDSA: .sha256
        case .hs384, .rs384, .ps384, .es384: .sha384
        case .hs512, .rs512, .ps512, .es512: .sha512
        }
    }

    var isPSS: Bool {
        switch self {
        case .ps256, .ps384, .ps512: true
        default: false
        }
    }
}
