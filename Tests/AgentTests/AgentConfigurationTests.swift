// SPDX-License-Identifier: Apache-2.0

import Capture
import ConfigurationFile
import KubernetesClient
import Protocols
import Telemetry
import Testing

@testable import Agent

@Suite struct AgentConfigurationTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    var text: String
    var message: String
    var testDescription: String { text }
  }

  @Test(arguments: [
    Fault(
      text: "sever: a:1", message: "agent.yaml:1: there is no key 'sever'; the nearest is 'server'"),
    Fault(
      text: "spool:\n  max_sise: 1 GiB",
      message: "agent.yaml:2: there is no key 'spool.max_sise'; the nearest is 'spool.max_size'"),
    Fault(
      text: "server: nowhere",
      message: "agent.yaml:1: server is 'nowhere'; it must be an address such as 127.0.0.1:20033"),
    Fault(
      text: "flush_interval: 5",
      message: "agent.yaml:1: flush_interval is '5'; it must be a whole number from 50 to 10000"),
    Fault(
      text: "spool:\n  max_size: 3",
      message: "agent.yaml:2: spool.max_size is '3'; it must be at least 1 MiB"),
    Fault(
      text: "capture:\n  hooks: both",
      message: "agent.yaml:2: capture.hooks is 'both'; "
        + "it must be automatic, tracepoints or syscalls"),
    Fault(
      text: "capture:\n  packets:\n    interfaces: [\"eth[\"]",
      message:
        "agent.yaml:3: capture.packets.interfaces is wrong: 'eth[' is not an extended regular expression for names of "
        + "interfaces; write, for example, eth.* or en[ops].*"),
    Fault(
      text: "capture:\n  packets:\n    server_ports: [80, 65536]",
      message: "agent.yaml:3: capture.packets.server_ports has '65536'; it must be whole numbers "
        + "from 1 to 65535"),
    Fault(
      text: "protocols:\n  - HTTP\n  - NOPE",
      message: "agent.yaml:2: protocols has 'NOPE'; it must be one of "
        + builtInProtocols.map { $0.descriptor.name }.joined(separator: ", ")),
    Fault(
      text: "spool:\n  max_size: 300MB",
      message:
        "agent.yaml:2: spool.max_size is '300MB'; it must be a whole number with the unit B, KiB, MiB, GiB "
        + "or TiB, such as 512 MiB"),
    Fault(
      text: "limits:\n  memory: 12 XB",
      message:
        "agent.yaml:2: limits.memory is '12 XB'; it must be a whole number with the unit B, KiB, MiB, GiB "
        + "or TiB, such as 512 MiB"),
    Fault(
      text: "capture:\n  packets:\n    ring: 1 GiB",
      message: "agent.yaml:3: capture.packets.ring is '1 GiB'; it must be at most 256 MiB"),
    Fault(
      text: "privacy:\n  crash_bytes: some",
      message: "agent.yaml:2: privacy.crash_bytes is 'some'; it must be shape or raw"),
    Fault(
      text: "capture:\n  packets:\n    namespaces: some",
      message: "agent.yaml:3: capture.packets.namespaces is 'some'; it must be all or host"),
    Fault(
      text: "privacy:\n  url_values: none",
      message: "agent.yaml:2: privacy.url_values is 'none'; it must be mask, secrets or show"),
    Fault(
      text: "privacy:\n  secret_names: [\"--\"]",
      message: "agent.yaml:2: privacy.secret_names has '--'; it must be names of 1 to 64 letters "
        + "and digits, such as customer_number"),
    Fault(
      text: "endpoints:\n  templates: [/a, users]",
      message: "agent.yaml:2: endpoints.templates has 'users'; it must be paths such as "
        + "/users/{name}/orders, or /files/** for all that is below"),
    Fault(
      text: "endpoints:\n  per_service: 3",
      message:
        "agent.yaml:2: endpoints.per_service is '3'; it must be a whole number from 16 to 4096"),
    Fault(
      text: "log_level: loud",
      message: "agent.yaml:1: log_level is 'loud'; "
        + "it must be one of trace, debug, info, notice, warning, error, critical"),
  ])
  func aFaultIsToldWithItsLine(_ fault: Fault) throws {
    var reader = try ConfigurationReader(text: fault.text, name: "agent.yaml")
    #expect(throws: ConfigurationError(fault.message)) { try AgentConfiguration(&reader) }
  }

  @Test func privacyIsNarrowedAndWidened() throws {
    var reader = try ConfigurationReader(
      text: "privacy:\n  url_values: secrets\n  sql_literals: show\n  redis_values: show\n"
        + "  secret_names: [customer_number]", name: "agent.yaml")
    let rules = try AgentConfiguration(&reader).privacy
    var expected = PrivacyRules()
    expected.urlValues = .secrets
    expected.hidesSQLLiterals = false
    expected.hidesRedisValues = false
    let isName = expected.add(secretName: "customerNumber")
    #expect(isName && rules == expected && rules != PrivacyRules())
  }

  @Test func anUnknownProtocolIsRefused() throws {
    var reader = try ConfigurationReader(text: "protocols: [HTTP, NOPE]", name: "a")
    #expect(throws: ConfigurationError.self) { try AgentConfiguration(&reader) }
  }

  @Test func aClusterIsWatchedWhereThereIsOneAndItMayBe() throws {
    func configuration(_ text: String) throws -> KubernetesConfiguration {
      var reader = try ConfigurationReader(text: text, name: "agent.yaml")
      return try AgentConfiguration(&reader).kubernetes
    }
    #expect(try configuration("").access([:]) == nil)
    // A pod without an account.
    #expect(try configuration("").access(["KUBERNETES_SERVICE_HOST": "10.96.0.1"]) == nil)
    let missing = "kubernetes:\n  kubeconfig: /nowhere/config\n  config_maps: true"
    #expect(try configuration(missing).readsConfigMaps)
    #expect(throws: ClusterAccessError.self) { try configuration(missing).access([:]) }
    #expect(try configuration(missing + "\n  watch: never").access([:]) == nil)
    #expect(throws: ConfigurationError.self) { try configuration("kubernetes:\n  watch: always") }
  }

  @Test func threadsShareRingsAndPackets() throws {
    var reader = try ConfigurationReader(
      text: """
        capture:
          packets: {fanout: 4, ring: 4 MiB, packets_per_second: 1000, interfaces: [lo]}
        """, name: "a")
    let options = try AgentConfiguration(&reader).packets.options(isAlone: false)
    #expect(options.ringBytes == 1 << 20 && options.packetsPerSecond == 250)
    #expect(options.fanoutGroup != nil && options.interfaces == ["lo"])
  }

  /// Loopback is captured by itself where nothing else sees it, but not beside interfaces that were
  /// chosen.
  @Test(
    arguments: [
      ("", true, .wanted), ("", false, .asNamed), ("loopback: true", false, .wanted),
      ("loopback: false", true, .unwanted), ("interfaces: [eth0]", true, .asNamed),
      ("{interfaces: [eth0], loopback: true}", true, .wanted),
    ] as [(String, Bool, PacketOptions.Loopback)])
  func loopback(text: String, isAlone: Bool, expected: PacketOptions.Loopback) throws {
    let settings = text.isEmpty ? "" : "capture:\n  packets:\n    \(text)"
    var reader = try ConfigurationReader(text: settings, name: "a")
    let configuration = try AgentConfiguration(&reader)
    #expect(configuration.packets.options(isAlone: isAlone).loopback == expected)
  }

  /// The documented file says what the program does.
  @Test func theDocumentedFileHoldsTheDefaults() throws {
    let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    var reader = try ConfigurationReader(path: "/\(path)/config/agent.yaml")
    let documented = try AgentConfiguration(&reader)
    #expect(documented == AgentConfiguration())
  }
}
