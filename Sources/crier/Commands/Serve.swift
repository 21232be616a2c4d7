import ArgumentParser

/// `crier serve`
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the daemon.",
        discussion: """
            Flags override the environment (CRIER_SERVER_HEARTBEAT=10s), which overrides the file, which overrides the \
            defaults. SIGTERM stops the daemon cleanly, or leaves its connections to the next process when systemd restarts \
            it. SIGHUP reloads the file, SIGUSR1 logs the state, SIGUSR2 starts the program anew with all connections.

            Exit codes: 0 a signal stopped the daemon; 1 it could not start or continue; 64 wrong usage; 78 wrong \
            configuration.
            """)

    @OptionGroup var settings: SettingsOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Listen here instead of on the listeners of the file; repeatable.",
            discussion: """
                host:port, [v6]:port, unix:PATH or systemd:NAME, then =subscribe,publish,admin to allow only some of \
                these roles.
                """, valueName: "address[=role,role]"))
    var listen: [String] = []

    @Flag(help: .hidden)
    var rehearse = false

    func run() throws {
        if rehearse { return try Rehearsal.run(settings, listen: listen) }
        var daemon = try Daemon(settings, listen: listen)
        try daemon.run()
    }
}
