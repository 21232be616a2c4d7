/// The numbers by which the journal knows the records of crier (`MESSAGE_ID=`, `systemd.journal-fields(7)`). They never change,
/// and `systemd/crier.catalog` explains each.
enum MessageIDs {
    /// By the text of the record.
    static let byMessage: [String: String] = [
        "ready":
            "746b1544300256e291f8ca744e358fa1",
        "continued the connections of the process before":
            "d35a0cab64845489ab4a2249ca7a5267",
        "the state of the process before is refused; its clients reconnect and resume":
            "0d6da46f27d2535aa4f33344c49f6f8f",
        "systemd did not keep the connections, so crier ends them; the unit needs FileDescriptorStoreMax=":
            "76a4501da6e95bcb8867fe934fe15a27",
        "the restart is given up":
            "9fcfd13d7d8b51919d8a6245a73fe1f3",
        "the new configuration has errors; the old one stays in force":
            "1686dbbd6e7652a492270103f03b6e49",
        "this setting changes after a restart only":
            "0b036e6c6b605699b8fb8d8f11b3e59d",
        "a slow subscriber was cut off":
            "476cc67aea5854c3bd632765091a073b",
        "a slow subscriber skipped events":
            "2e1d3658019d543ca3b5133fcca676fb",
        "accepting is paused":
            "e00c4003a4845cca951e6035b572e933",
        "a client has too many connections":
            "7b8d134286395003a86fa239c3ce6860",
        "a client connects too fast":
            "1f3be30ed3825512bdd0133038e976d9",
        "cannot write the history; publishers get errors":
            "e1bcc85781c05e1fa82b796908ffdeed",
        "can write the history again":
            "4ea8e9374f315763831b217f8f816dfc",
        "deleted damaged events; subscribers that resume from before them get a gap event":
            "09799dc56cfb5819bc03a85200d3d81d",
        "stopping because an event loop failed":
            "1766258e5e2c5de1baa677732a68afe6",
        "state":
            "719f6a6ceb8250d79f1a9e1a059cb3ea",
    ]
}
