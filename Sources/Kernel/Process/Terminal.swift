import Glibc

/// The terminal that a program runs in: reads keys one by one, and knows its size. The corresponding C functions are
/// `tcgetattr`, `tcsetattr` and `ioctl`.
public struct Terminal: ~Copyable {
    /// The settings before, for the handler of signals, which may use nothing but such memory.
    private nonisolated(unsafe) static var before = termios()
    private nonisolated(unsafe) static var farewell: [UInt8] = []

    /// Takes keys as they are pressed, without showing them; nil when standard input or standard output is no terminal.
    ///
    /// - Parameter farewell: written to the terminal at the end, also when a signal ends the program.
    public init?(farewell: String) {
        var settings = termios()
        guard Self.isOutput, unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        unsafe Self.before = settings
        unsafe Self.farewell = Array(farewell.utf8)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            _ = signal(number) { number in
                Terminal.restore()
                _exit(number == SIGINT ? 0 : 128 + number)
            }
        }
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    deinit { Self.restore() }

    private static func restore() {
        _ = unsafe farewell.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// Whether standard output is a terminal.
    public static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Its size in characters.
    public static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// The next key, which must have been pressed; nil when there is no more input.
    public func key() -> UInt8? {
        var byte: UInt8 = 0
        return unsafe read(STDIN_FILENO, &byte, 1) == 1 ? byte : nil
    }
}
