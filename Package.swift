// swift-tools-version: 6.3

import PackageDescription

/// The settings of every Swift target. Nothing below opts out of any of them.
let settings: [SwiftSetting] = [
    // Each use of a pointer is written `unsafe`, so a reviewer can search for them all.
    .strictMemorySafety(),
    // A warning nobody fixes today is a warning nobody reads tomorrow.
    .treatAllWarnings(as: .error),
    // `any P` where a box is made: the cost is visible where it is paid.
    .enableUpcomingFeature("ExistentialAny"),
    // A file names the modules it uses; no member leaks in through another file's import.
    .enableUpcomingFeature("MemberImportVisibility"),
    // An import is private to its file unless it says `public`: modules stay exchangeable.
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let hashTrees: Target.Dependency = .product(name: "HashTreeCollections", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")

/// The files of the console at `/`, which are built into the binary.
let console = [
    "activity.js",
    "api.js",
    "app.js",
    "bounded.js",
    "channel.js",
    "channellist.js",
    "channels.js",
    "chart.js",
    "configuration.js",
    "console.css",
    "console.html",
    "copy.js",
    "dialog.js",
    "dom.js",
    "eventstream.js",
    "feed.js",
    "figures.js",
    "format.js",
    "gauges.js",
    "grant.js",
    "json.js",
    "live.js",
    "overview.js",
    "poll.js",
    "publish.js",
    "published.js",
    "publishform.js",
    "received.js",
    "router.js",
    "session.js",
    "sessions.js",
    "sessiontable.js",
    "shell.js",
    "signin.js",
    "start.js",
    "storage.js",
    "stream.js",
    "theme.js",
    "token.js",
]

let package = Package(
    name: "crier",
    products: [.executable(name: "crier", targets: ["crier"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // C: declarations only.
        .target(name: "CLinux"),
        .target(name: "CLocaleData"),
        .target(name: "CCurl"),
        .systemLibrary(
            name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev", "pkg-config"])]),

        // Pure: no input or output, no Glibc, no Foundation.
        .target(name: "Bytes", swiftSettings: settings),
        .target(name: "HTTPMessages", dependencies: ["Bytes"], swiftSettings: settings),
        .target(name: "Metrics", dependencies: ["Bytes"], swiftSettings: settings),
        .target(name: "EventStreams", dependencies: ["Bytes"], swiftSettings: settings),
        .target(
            name: "Broadcasting",
            dependencies: ["Bytes", "EventStreams", "HTTPMessages", "Metrics", deque, hashTrees, heap],
            swiftSettings: settings),
        .target(name: "JSON", dependencies: ["Bytes"], swiftSettings: settings),
        .target(
            name: "Envelopes", dependencies: ["Broadcasting", "Bytes", "EventStreams", "JSON"], swiftSettings: settings),
        .target(
            name: "Access", dependencies: ["Broadcasting", "Bytes", "EventStreams", "JSON"], swiftSettings: settings),

        // Calls to the servers and programs that the operator names.
        .target(name: "Curl", dependencies: ["Kernel", system], swiftSettings: settings),
        .target(
            name: "Hooks",
            dependencies: [
                "Broadcasting", "Bytes", "Curl", "EventStreams", "Kernel", logging, system, deque, heap,
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings),

        // The data path.
        .target(name: "Kernel", dependencies: ["CLinux", system], swiftSettings: settings),
        .target(
            name: "Serving",
            dependencies: [
                "Access", "Bytes", "Kernel", "HTTPMessages", "EventStreams", "Broadcasting", "Envelopes", "Hooks",
                "Metrics", system, logging, deque,
            ],
            resources: console.map { .embedInCode("Console/\($0)") },
            swiftSettings: settings),

        // Around it.
        .target(name: "Supervising", dependencies: ["CSystemd", "Kernel", logging, system], swiftSettings: settings),
        .target(
            name: "Storing",
            dependencies: [
                "Broadcasting", "EventStreams", "Kernel", logging, system, hashTrees,
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        .target(
            name: "Clustering",
            dependencies: [
                "Broadcasting", "CCurl", "EventStreams", "Kernel", "Metrics", logging, system, deque,
            ],
            swiftSettings: settings),
        .target(
            name: "Authorizing",
            dependencies: [
                "Access", "Broadcasting", "Bytes", "Curl", "EventStreams", "Hooks", "JSON", "Kernel", logging, system,
                deque,
                .product(name: "JWTKit", package: "jwt-kit"), .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings),
        .target(
            name: "Configuring",
            dependencies: [
                "Access", "Broadcasting", "Curl", "Hooks", "HTTPMessages", "Kernel",
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            swiftSettings: settings),
        .target(
            name: "Benchmarking",
            dependencies: [
                "Kernel", "HTTPMessages", system, .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "crier",
            dependencies: [
                "CLocaleData",
                "Access", "Authorizing", "Clustering", "Curl", "Hooks", "Kernel", "HTTPMessages", "EventStreams",
                "Broadcasting", "JSON", "Metrics",
                "Serving",
                "Supervising", "Configuring",
                "Storing", "Benchmarking", logging, system, deque,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: settings),
        .target(name: "TimeLimits", path: "Tests/TimeLimits", swiftSettings: settings),
        .testTarget(name: "BytesTests", dependencies: ["Bytes", "SeededRandom"], swiftSettings: settings),
        .testTarget(name: "MetricsTests", dependencies: ["Metrics"], swiftSettings: settings),
        .testTarget(name: "KernelTests", dependencies: ["Kernel", "TimeLimits", system], swiftSettings: settings),
        .testTarget(
            name: "HTTPMessagesTests",
            dependencies: [
                "HTTPMessages", "SeededRandom", "TimeLimits", system,
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: settings),
        .testTarget(name: "EventStreamsTests", dependencies: ["EventStreams", "TimeLimits"], swiftSettings: settings),
        .testTarget(
            name: "BroadcastingTests",
            dependencies: ["Broadcasting", "Bytes", "EventStreams", "SeededRandom", "TimeLimits", hashTrees],
            swiftSettings: settings),
        .testTarget(
            name: "EnvelopesTests",
            dependencies: [
                "Envelopes", "Broadcasting", "EventStreams", "JSON", "SeededRandom", "TimeLimits", system,
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AccessTests", dependencies: ["Access", "Broadcasting", "SeededRandom", "TimeLimits"],
            swiftSettings: settings),
        .testTarget(
            name: "AuthorizingTests",
            dependencies: [
                "Access", "Authorizing", "Broadcasting", "TimeLimits", logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ServingTests",
            dependencies: [
                "Access", "Serving", "Kernel", "HTTPMessages", "EventStreams", "Broadcasting", "SeededRandom",
                "TimeLimits",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "StoringTests",
            dependencies: [
                "Storing", "Broadcasting", "EventStreams", "Kernel", "TimeLimits", logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SupervisingTests", dependencies: ["Supervising", "Kernel", "TimeLimits", logging],
            swiftSettings: settings),
        .testTarget(
            name: "ConfiguringTests", dependencies: ["Access", "Configuring", "Broadcasting", "TimeLimits"],
            swiftSettings: settings),
        .testTarget(name: "HooksTests", dependencies: ["Curl", "Hooks"], swiftSettings: settings),
        .testTarget(
            name: "ClusteringTests",
            dependencies: ["Broadcasting", "Bytes", "Clustering", "EventStreams", "SeededRandom", "TimeLimits"],
            swiftSettings: settings),
        .testTarget(name: "CurlTests", dependencies: ["Curl"], swiftSettings: settings),
        .testTarget(name: "CrierTests", dependencies: ["crier", "Kernel", "TimeLimits"], swiftSettings: settings),
        .testTarget(
            name: "BenchmarkingTests", dependencies: ["Benchmarking", "HTTPMessages", "Kernel", "TimeLimits"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ProcessTests",
            dependencies: [
                "Kernel", "HTTPMessages", "EventStreams", "crier", "SeededRandom", "TimeLimits", system,
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

// libFuzzer brings a main function of its own, so this target builds with --sanitize=fuzzer only: see Tests/Fuzz/run.
if Context.environment["CRIER_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "Access", "Authorizing", "Broadcasting", "Clustering", "Configuring", "Envelopes", "EventStreams",
                "HTTPMessages",
                "JSON",
                "Kernel", "Storing", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]))
    package.products.append(.executable(name: "fuzz", targets: ["fuzz"]))
}
