import ArgumentParser

/// `crier serve`
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the daemon.",
        discussion: """
            Settings come from flags, the environment (CRIER_SERVER_HEARTBEAT=10s), the file and the embedded \
            defaults, in that order. SIGTERM stops it cleanly, SIGHUP reloads the file.

            Exit codes: 0 stopped by a signal; 1 it could not start or go on; 64 wrong usage; 78 wrong configuration.
            """)

    @OptionGroup var settings: SettingsOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Listen here instead of where the file says; can be repeated.",
            discussion: """
                host:port, [v6]:port, unix:PATH or systemd:NAME, then =subscribe,publish,admin if it is not for all \
                of them.
                """, valueName: "address[=role,role]"))
    var listen: [String] = []

    func run() throws {
        var daemon = try Daemon(settings, listen: listen)
        try daemon.run()
    }
}
