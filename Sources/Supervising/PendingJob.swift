import CSystemd
import Glibc

/// What systemd is about to do with this service. The corresponding interface is `org.freedesktop.systemd1(5)`, over the
/// system bus.
public enum PendingJob: Sendable, Hashable {
    /// It starts the service again after it has stopped.
    case restart
    /// It stops the service, or nothing.
    case other
    /// There is no system bus, or no answer within half a second.
    case unknown

    /// Asks systemd.
    public static func ask() -> PendingJob {
        var bus: OpaquePointer?
        guard unsafe sd_bus_open_system(&bus) >= 0 else { return .unknown }
        defer { unsafe sd_bus_close_unref(bus) }
        unsafe sd_bus_set_method_call_timeout(bus, 500_000)
        guard let unit = unsafe unitPath(bus) else { return .unknown }
        guard let job = unsafe job(of: unit, bus) else { return .unknown }
        guard job != "/" else { return .other }
        var type: UnsafeMutablePointer<CChar>?
        let status = unsafe sd_bus_get_property_string(bus, manager, job, manager + ".Job", "JobType", nil, &type)
        guard status >= 0, let type = unsafe type else { return .unknown }
        defer { unsafe free(type) }
        return unsafe String(cString: type) == "restart" ? .restart : .other
    }

    private static let manager = "org.freedesktop.systemd1"

    /// The object of the unit that this process belongs to. libsystemd cannot always find it itself in a sandbox.
    private static func unitPath(_ bus: OpaquePointer?) -> String? {
        var call: OpaquePointer?
        let path = "/org/freedesktop/systemd1"
        guard
            unsafe sd_bus_message_new_method_call(bus, &call, manager, path, manager + ".Manager", "GetUnitByPID") >= 0
        else { return nil }
        defer { unsafe sd_bus_message_unref(call) }
        // 0 is the caller.
        var process: UInt32 = 0
        var reply: OpaquePointer?
        guard unsafe sd_bus_message_append_basic(call, CChar(UInt8(ascii: "u")), &process) >= 0,
            unsafe sd_bus_call(bus, call, 0, nil, &reply) >= 0
        else { return nil }
        defer { unsafe sd_bus_message_unref(reply) }
        var unit: UnsafePointer<CChar>?
        guard unsafe sd_bus_message_read_basic(reply, CChar(UInt8(ascii: "o")), &unit) > 0 else { return nil }
        return unsafe unit.map { unsafe String(cString: $0) }
    }

    /// The object of the job of a unit; "/" when there is none, nil when systemd does not answer.
    private static func job(of unit: String, _ bus: OpaquePointer?) -> String? {
        var reply: OpaquePointer?
        guard unsafe sd_bus_get_property(bus, manager, unit, manager + ".Unit", "Job", nil, &reply, "(uo)") >= 0 else {
            return nil
        }
        defer { unsafe sd_bus_message_unref(reply) }
        var number: UInt32 = 0
        var path: UnsafePointer<CChar>?
        guard unsafe sd_bus_message_enter_container(reply, CChar(UInt8(ascii: "r")), "uo") > 0,
            unsafe sd_bus_message_read_basic(reply, CChar(UInt8(ascii: "u")), &number) > 0,
            unsafe sd_bus_message_read_basic(reply, CChar(UInt8(ascii: "o")), &path) > 0
        else { return nil }
        return unsafe path.map { unsafe String(cString: $0) }
    }
}
