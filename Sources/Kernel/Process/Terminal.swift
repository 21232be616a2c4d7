import Glibc

/// The terminal that a program runs in: reads keys one by one, and knows its size. The corresponding C functions are
/// `tcgetattr`, `tcsetattr` and `ioctl`.
public struct Terminal: ~Copyable {
    private let before: termios

    /// Takes keys as they are pressed, without showing them; nil when standard input or standard output is no terminal.
    ///
    /// Ctrl-C is a key too, so that the program can give the terminal back.
    public init?() {
        var settings = termios()
        guard Self.isOutput, unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        before = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    deinit {
        var settings = before
        unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
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
