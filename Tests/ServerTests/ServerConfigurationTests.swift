// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import Telemetry
import TestSupport
import Testing

@testable import Server

@Suite struct ServerConfigurationTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    var text: String
    var message: String

    var testDescription: String { text }
  }

  @Test(arguments: [
    Fault(
      text: "engine:\n  memory: 1 B",
      message: "server.yaml:2: engine.memory is '1 B'; it must be at least 512 MiB"),
    Fault(
      text: "engine:\n  memory: 300MB",
      message:
        "server.yaml:2: engine.memory is '300MB'; it must be a whole number with the unit B, KiB, "
        + "MiB, GiB or TiB, such as 512 MiB"),
    Fault(
      text: "limits:\n  queries: 0",
      message: "server.yaml:2: limits.queries is '0'; it must be a whole number from 1 to 32"),
    Fault(
      text: "limits:\n  answers: 12 KiB",
      message: "server.yaml:2: limits.answers is '12 KiB'; it must be at least 16 MiB"),
    Fault(
      text: "http: 20416",
      message: "server.yaml:1: http is '20416'; it must be an address such as 127.0.0.1:20416"),
    Fault(
      text: "alowed_hosts: [a]",
      message: "server.yaml:1: there is no key 'alowed_hosts'; the nearest is 'allowed_hosts'"),
    Fault(
      text: "allowed_hosts: [\"http://a.example\"]",
      message:
        "allowed_hosts has 'http://a.example'; it must be a name such as metaflow.example or an "
        + "address, without a scheme, a port or a path"),
  ])
  func aFaultIsToldWithItsLine(_ fault: Fault) throws {
    var reader = try ConfigurationReader(text: fault.text, name: "server.yaml")
    #expect(throws: ConfigurationError(fault.message)) { try ServerConfiguration(&reader) }
  }

  /// The documented file says what the program does, and the page names every key of it.
  @Test func theDocumentedFileHoldsTheDefaults() throws {
    let file = try Documentation.text("config/server.yaml")
    var reader = try ConfigurationReader(text: file, name: "server.yaml")
    #expect(try ServerConfiguration(&reader) == ServerConfiguration())
    let page = try Documentation.text("docs/configuration/server.md")
    var section = ""
    for line in file.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":"), !line.contains("#") else { continue }
      let key = line[..<colon].drop { $0 == " " }
      if line.first != " " { section = line[colon...].count == 1 ? "\(key)." : "" }
      if line[colon...].count > 1 {
        #expect(page.contains("| `\(line.first == " " ? section : "")\(key)` |"), "\(line)")
      }
    }
  }

  @Test func eachTableIsKeptAsLongAsTheFileSays() throws {
    let text = "retention_hours:\n  l7_flow_log: 240\n  application_1h: 48"
    var reader = try ConfigurationReader(text: text, name: "server.yaml")
    let kept = try ServerConfiguration(&reader).retention
    for table in kept.applied(to: TableDeclaration.builtIn) {
      let told = ["l7_flow_log": 240, "application.1h": 48] as [String: UInt32]
      let declared = TableDeclaration.builtIn.first { $0.name == table.name }
      #expect(table.retentionHours == told[table.name] ?? declared?.retentionHours)
    }
  }

  /// Nobody else may read what is captured before there are credentials.
  @Test(arguments: ["0.0.0.0", "::"])
  func onlyLoopbackIsListenedOn(host: String) async throws {
    var configuration = ServerConfiguration()
    configuration.http = NetworkAddress(host: host, port: 0)
    configuration.ingest = NetworkAddress(host: "127.0.0.1", port: 0)
    let server = Server(configuration, logger: RunningAPI.logger)
    do {
      try await server.run()
      Issue.record("it listened on \(host)")
    } catch let error as ServerError {
      #expect(error.isConfiguration)
      #expect(error.description.contains("ssh -L"), "\(error)")
    }
  }

  @Test(arguments: ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
  func loopbackIs(host: String) throws {
    #expect(try checkPort(NetworkAddress(host: host, port: 0), option: "--http"))
  }
}
