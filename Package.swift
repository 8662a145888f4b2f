// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// One set of language settings for every target: Swift 6, strict memory safety, warnings as errors.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]

/// A Swift library of ours, with the shared settings.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(
  name: "AsyncHTTPClient", package: "async-http-client")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"),
  .product(name: "NIOPosix", package: "swift-nio"),
]
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let serviceLifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "metaflow",
  products: [
    .executable(name: "metaflow-agent", targets: ["metaflow-agent"]),
    .executable(name: "metaflow-server", targets: ["metaflow-server"]),
    .executable(name: "metaflow", targets: ["metaflow"]),
    .executable(name: "metaflow-engine", targets: ["metaflow-engine"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // The pure middle.
    library("Bytes"),
    library("Telemetry"),
    library("Protocols", ["Bytes", "CZlib", "Telemetry"]),
    library("Flows", ["Bytes", "Protocols", "Telemetry"]),
    library("Wire", ["Bytes", "CZstd", "Telemetry"]),
    library("Kubernetes", ["Bytes", "Telemetry"]),

    // The kernel's side.
    .systemLibrary(name: "CLibBPF", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "CProbes"),
    .target(
      name: "BPFObjects", swiftSettings: settings, plugins: ["CompileBPF"]),
    .plugin(name: "CompileBPF", capability: .buildTool()),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    library(
      "Capture", ["BPFObjects", "Bytes", "CLibBPF", "CProbes", "CZlib", "CZstd", "Telemetry"]),

    // Plugins. The library that runs them is loaded when one is used, so nothing links with it.
    .target(name: "CWasm"),
    library("Plugins", ["Bytes", "CWasm", "Protocols", "Telemetry"]),

    library("ConfigurationFile", ["Bytes", yams]),
    library("Replay", ["Capture", "Flows", "Protocols", "Telemetry"]),

    // The agent.
    library(
      "KubernetesClient",
      [
        "Kubernetes", "Telemetry", logging, nioSSL, yams,
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ] + nio),
    .target(name: "CCrash"),
    library(
      "Agent",
      [
        "Bytes", "CCrash", "Capture", "ConfigurationFile", "Flows", "Kubernetes",
        "KubernetesClient", "Plugins", "Protocols", "Replay", "Telemetry", "Wire", logging,
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ] + nio),

    // The server.
    library(
      "Storage",
      [
        "Bytes", "Telemetry", asyncHTTPClient, logging,
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ] + nio),
    library("Catalog", ["Telemetry", grdb, logging]),
    library(
      "Ingest",
      [
        "Bytes", "CZlib", "CZstd", "Catalog", "Protocols", "Storage", "Telemetry", "Wire", logging,
      ] + nio),
    library("Query", ["Bytes", "Catalog", "Storage", "Telemetry"]),
    .target(name: "WebFiles", swiftSettings: settings, plugins: ["EmbedWeb"]),
    .plugin(name: "EmbedWeb", capability: .buildTool()),
    library(
      "Server",
      [
        "CZlib", "Catalog", "ConfigurationFile", "Ingest", "Protocols", "Query", "Storage",
        "Telemetry", "WebFiles",
        hummingbird, logging, serviceLifecycle,
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ] + nio),

    // The programs.
    .executableTarget(
      name: "metaflow-engine",
      linkerSettings: [
        .unsafeFlags(["-nostartfiles", "-Xlinker", "--export-dynamic"]), .linkedLibrary("dl"),
      ]),
    .executableTarget(
      name: "metaflow-agent",
      dependencies: [
        "Agent", "Capture", "ConfigurationFile", "Plugins", "Protocols", "Replay", "Telemetry",
        argumentParser, logging,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "metaflow-server",
      dependencies: ["ConfigurationFile", "Server", argumentParser, logging],
      swiftSettings: settings),
    .executableTarget(
      name: "metaflow",
      dependencies: [
        argumentParser, asyncHTTPClient, .product(name: "NIOHTTP1", package: "swift-nio"),
      ] + nio,
      swiftSettings: settings, plugins: ["EmbedSDK"]),
    .plugin(name: "EmbedSDK", capability: .buildTool()),

    // The tests, in the order of the targets.
    .target(
      name: "TestSupport", dependencies: ["Protocols", "Telemetry"], path: "Tests/TestSupport",
      swiftSettings: settings),
    tests("BytesTests", ["Bytes", "TestSupport"]),
    tests("TelemetryTests", ["Telemetry", "TestSupport"]),
    tests("ProtocolsTests", ["Bytes", "Protocols", "Telemetry", "TestSupport"]),
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    tests("FlowsTests", ["CAllocations", "Flows", "Protocols", "Telemetry", "TestSupport"]),
    tests("WireTests", ["Telemetry", "TestSupport", "Wire"]),
    tests("PluginsTests", ["Flows", "Plugins", "Protocols", "Telemetry", "TestSupport"]),
    tests(
      "KubernetesTests",
      [
        "Agent", "Catalog", "ConfigurationFile", "Ingest", "Kubernetes", "KubernetesClient",
        "Storage", "Telemetry", "TestSupport", "Wire", logging, nioSSL, yams,
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ] + nio),
    tests(
      "CaptureTests",
      ["CLibBPF", "CProbes", "CZlib", "CZstd", "Capture", "Telemetry", "TestSupport"]),
    tests(
      "AgentTests",
      [
        "Agent", "CCrash", "Capture", "ConfigurationFile", "KubernetesClient", "Plugins",
        "Protocols", "Telemetry", "TestSupport",
        "Wire",
        logging,
      ] + nio),
    tests(
      "ReplayTests",
      [
        "Capture", "Flows", "Ingest", "Plugins", "Protocols", "Replay", "Telemetry", "TestSupport",
      ]),
    tests("StorageTests", ["Storage", "Telemetry", "TestSupport", "metaflow-engine", logging]),
    tests("CatalogTests", ["Catalog", "Telemetry", "TestSupport"]),
    tests(
      "IngestTests",
      [
        "Bytes", "Catalog", "Ingest", "Storage", "Telemetry", "TestSupport", "Wire",
        "metaflow-engine", grdb, logging,
      ] + nio),
    .testTarget(
      name: "QueryTests",
      dependencies: [
        "Bytes", "Catalog", "Query", "Storage", "Telemetry", "TestSupport", "metaflow-engine",
        logging,
      ], exclude: ["Scripts"], swiftSettings: settings),
    tests(
      "ServerTests",
      [
        "Catalog", "ConfigurationFile", "Ingest", "Query", "Server", "Storage", "Telemetry",
        "TestSupport", "metaflow-engine", hummingbird, logging, serviceLifecycle,
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ] + nio),
    tests(
      "EndToEndTests",
      ["TestSupport", "metaflow", "metaflow-agent", "metaflow-engine", "metaflow-server"]),
    tests("TidyTests", []),
  ]
)

/// What only developers build: benchmarks (`make bench`).
if Context.environment["METAFLOW_DEV"] != nil {
  package.targets += [
    .executableTarget(name: "socket-calls", path: "Benchmarks/SocketCalls"),
    .executableTarget(name: "packet-sender", path: "Benchmarks/PacketSender"),
    .executableTarget(
      name: "flows-benchmark", dependencies: ["CAllocations", "Flows", "Protocols", "Telemetry"],
      path: "Benchmarks/FlowsBenchmark", swiftSettings: settings),
    .executableTarget(
      name: "packets-benchmark", dependencies: ["Flows", "Protocols", "Telemetry"],
      path: "Benchmarks/PacketsBenchmark", swiftSettings: settings),
    .executableTarget(
      name: "plugins-benchmark", dependencies: ["Plugins", "Protocols", "Telemetry"],
      path: "Benchmarks/PluginsBenchmark", swiftSettings: settings),
    .executableTarget(
      name: "storage-benchmark",
      dependencies: ["Bytes", "Storage", "Telemetry", "metaflow-engine", logging],
      path: "Benchmarks/Storage", swiftSettings: settings),
    .executableTarget(
      name: "whereabouts-benchmark", dependencies: ["Catalog", "Telemetry", "Wire"],
      path: "Benchmarks/Whereabouts", swiftSettings: settings),
    .target(
      name: "CausalityRecording", dependencies: ["Telemetry"],
      path: "Benchmarks/Causality/Recording", swiftSettings: settings),
    .executableTarget(
      name: "causality-recorder", dependencies: ["Capture", "CausalityRecording", "Telemetry"],
      path: "Benchmarks/Causality/Recorder", swiftSettings: settings),
    .executableTarget(
      name: "causality-judge",
      dependencies: ["CausalityRecording", "Flows", "Protocols", "Telemetry"],
      path: "Benchmarks/Causality/Judge", swiftSettings: settings),
  ]
}

/// Fuzzers have no main of their own; they link only with the sanitizer flags of `make fuzz`.
if Context.environment["METAFLOW_FUZZ"] != nil {
  package.targets += [
    .executableTarget(
      name: "fuzz-protocol-parsers", dependencies: ["Protocols", "Telemetry"],
      path: "Fuzz/ProtocolParsers", exclude: ["Seeds"], swiftSettings: settings),
    .executableTarget(
      name: "fuzz-packet-decoder", dependencies: ["Flows", "Telemetry"],
      path: "Fuzz/PacketDecoder", swiftSettings: settings),
    .executableTarget(
      name: "fuzz-packet-pipeline", dependencies: ["Flows", "Protocols", "Telemetry"],
      path: "Fuzz/PacketPipeline", exclude: ["Seeds"], swiftSettings: settings),
    .executableTarget(
      name: "fuzz-flow-engine", dependencies: ["Flows", "Protocols", "Telemetry"],
      path: "Fuzz/FlowEngine", exclude: ["Seeds"], swiftSettings: settings),
    .executableTarget(
      name: "fuzz-flow-table", dependencies: ["Flows", "Protocols", "Telemetry"],
      path: "Fuzz/FlowTable", swiftSettings: settings),
    .executableTarget(
      name: "fuzz-wire-frames", dependencies: ["Telemetry", "Wire"],
      path: "Fuzz/WireFrames", swiftSettings: settings),
    .executableTarget(
      name: "fuzz-sql", dependencies: ["Catalog", "Query"], path: "Fuzz/SQL",
      exclude: ["words.dict"], swiftSettings: settings),
  ]
}
