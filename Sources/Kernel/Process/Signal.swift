/// A signal, by its name and the kernel's number.
public enum Signal: CInt, Sendable {
    case hangUp = 1
    case interrupt = 2
    case user1 = 10
    case user2 = 12
    case terminate = 15
}
