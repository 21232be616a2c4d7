import Glibc

/// Looks up users and groups.
public enum Account {
    /// The number of a user, given by name or number; nil when there is no such user. The corresponding C function is
    /// `getpwnam`.
    public static func user(_ name: String) -> UInt32? {
        unsafe UInt32(name) ?? getpwnam(name)?.pointee.pw_uid
    }

    /// The number of a group, given by name or number; nil when there is no such group. The corresponding C function is
    /// `getgrnam`.
    public static func group(_ name: String) -> UInt32? {
        unsafe UInt32(name) ?? getgrnam(name)?.pointee.gr_gid
    }
}
