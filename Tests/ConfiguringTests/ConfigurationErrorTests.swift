import Testing
import TimeLimits

@testable import Configuring

@Suite(.endsInTime()) struct `A mistake` {
    @Test(arguments: [
        (
            "[server]\n\nheartbeet = \"1s\"",
            "crier.toml:3: server.heartbeet: there is no such key; did you mean \"server.heartbeat\"?"
        ),
        ("[nonsense]\na = 1", "crier.toml:2: nonsense.a: there is no such key"),
        ("top = 1", "crier.toml:1: top: there is no such key"),
        ("[server]\nheartbeat = 15", "crier.toml:2: server.heartbeat: must be a time such as"),
        ("[server]\nheartbeat = \"1ms\"", "crier.toml:2: server.heartbeat: must be 1s to 1h, not 1ms"),
        ("[server]\nloops = \"x\"", "crier.toml:2: server.loops: must be a whole number"),
        ("[server]\nbusy-poll = 50", "crier.toml:2: server.busy-poll: must be a time such as \"50us\" or \"1ms\""),
        ("[server]\nbusy-poll = \"2ms\"", "crier.toml:2: server.busy-poll: must be 0us to 1ms, not 2ms"),
        ("[server]\nloops = 65", "crier.toml:2: server.loops: must be 0 to 64, not 65"),
        ("[limits]\n# c\nbody = \"1 MB\"", "crier.toml:3: limits.body: must be a size such as"),
        ("[limits]\nbody = 0", "crier.toml:2: limits.body: must be 1B to 256MiB, not 0B"),
        ("[limits]\nbodies = \"64KiB\"", "crier.toml:2: limits.bodies: must be no less than limits.body"),
        ("[server]\nlog-level = \"loud\"", "crier.toml:2: server.log-level: must be one of debug"),
        (
            "[[listen]]\naddress = \"unix:/x\"\nmode = \"1777\"",
            "crier.toml:3: listen[0].mode: must be octal permission bits"
        ),
        (
            "[[listen]]\naddress = \"127.0.0.1:1\"\nmode = \"0600\"",
            "crier.toml:3: listen[0].mode: is for Unix sockets only"
        ),
        ("[[listen]]\nroles = [\"publish\"]", "crier.toml:1: listen[0].address: is missing"),
        ("[[listen]]\naddress = \"nonsense\"", "crier.toml:2: listen[0].address: \"nonsense\" is not host:port"),
        (
            "[[listen]]\naddress = \"127.0.0.1:1\"\nroles = [\"x\"]",
            "crier.toml:3: listen[0].roles: \"x\" is not a role"
        ),
        (
            "[[listen]]\naddress = \"127.0.0.1:1\"\nhosts = [\"a.example:80\"]",
            "crier.toml:3: listen[0].hosts: \"a.example:80\" is not a host such as"
        ),
        ("[[listen]]\naddress = \"127.0.0.1:1\"\nx = 1", "crier.toml:3: listen[0].x: there is no such key"),
        ("[[channel]]\nevents = 1", "crier.toml:1: channel[0].pattern: is missing"),
        ("[[channel]]\npattern = \"a*\"", "crier.toml:2: channel[0].pattern: An asterisk stands for a whole segment"),
        ("[slow]\n\naction = \"drop\"", "crier.toml:3: slow.action: must be one of disconnect, skip, latest"),
        ("[slow]\nevents = -1", "crier.toml:2: slow.events: must be 0 to 1000000000, not -1"),
        ("[slow]\nbytes = \"much\"", "crier.toml:2: slow.bytes: must be a size such as"),
        ("[slow]\nage = 5", "crier.toml:2: slow.age: must be a time such as"),
        ("[slow]\nlimit = 5", "crier.toml:2: slow.limit: there is no such key"),
        (
            "[[channel]]\npattern = \"a\"\nslow = \"drop\"",
            "crier.toml:3: channel[0].slow: must be one of disconnect, skip, latest"
        ),
        ("[[channel]]\npattern = \"a\"\nslow-events = \"x\"", "crier.toml:3: channel[0].slow-events: must be a whole"),
        ("[[channel]]\npattern = \"a\"\nslow-bytes = \"x\"", "crier.toml:3: channel[0].slow-bytes: must be a size"),
        ("[[channel]]\npattern = \"a\"\nslow-age = \"x\"", "crier.toml:3: channel[0].slow-age: must be a time"),
        ("[[channel]]\npattern = \"a\"\nslow-action = \"skip\"", "crier.toml:3: channel[0].slow-action: there is no"),
        ("a = = 1", "crier.toml:1: "),
        ("[server]\nloops = 1\nloops = 2", "crier.toml:3: "),
    ])
    func `in the file is reported with its line and key`(_ text: String, _ expected: String) {
        let found = mistakes(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(expected) == true, "\(found)")
    }

    @Test func `is reported together with all others`() {
        #expect(mistakes("[server]\nloops = 99\nretry = 1\nx = 1").count == 3)
    }

    @Test func `in the environment is reported with its variable`() {
        let found = mistakes(environment: ["CRIER_SERVER_LOOPS": "x", "CRIER_LIMIT_BODY": "1"])
        #expect(found.first == "environment variable CRIER_LIMIT_BODY: there is no such key")
        #expect(found.last == "environment variable CRIER_SERVER_LOOPS: server.loops: must be a whole number")
        #expect(mistakes(environment: ["CRIER_PORT_8080_TCP": "tcp://192.0.2.1:1", "CRIER_URL": "x"]).isEmpty)
    }

    @Test func `in a flag is reported with the flag`() {
        #expect(mistakes(set: ["nope"]) == ["--set nope: must be a key, an equals sign and a value"])
        #expect(mistakes(set: ["nope=1"]) == ["--set: nope: there is no such key"])
        let suggestion = "there is no such key; did you mean \"server.heartbeat\"?"
        #expect(mistakes(set: ["server.heartbeet=5s"]) == ["--set: server.heartbeet: \(suggestion)"])
        #expect(mistakes(set: ["server.loops=x"]) == ["--set: server.loops: must be a whole number"])
        #expect(mistakes(listen: ["127.0.0.1:1=flying"]).first?.hasPrefix("--listen: \"flying\" is not a role") == true)
    }
}
