// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
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
      message: "agent.yaml:2: spool.max_size is '3'; it must be a size of at least 1 MiB"),
    Fault(
      text: "capture:\n  hooks: both",
      message: "agent.yaml:2: capture.hooks is 'both'; "
        + "it must be automatic, tracepoints or syscalls"),
    Fault(
      text: "log_level: loud",
      message: "agent.yaml:1: log_level is 'loud'; "
        + "it must be one of trace, debug, info, notice, warning, error, critical"),
  ])
  func aFaultIsToldWithItsLine(_ fault: Fault) throws {
    var reader = try ConfigurationReader(text: fault.text, name: "agent.yaml")
    #expect(throws: ConfigurationError(fault.message)) { try AgentConfiguration(&reader) }
  }

  @Test func anUnknownProtocolIsRefused() throws {
    var reader = try ConfigurationReader(text: "protocols: [HTTP, NOPE]", name: "a")
    #expect(throws: ConfigurationError.self) { try AgentConfiguration(&reader) }
  }

  /// The documented file says what the program does.
  @Test func theDocumentedFileHoldsTheDefaults() throws {
    let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    var reader = try ConfigurationReader(path: "/\(path)/config/agent.yaml")
    let documented = try AgentConfiguration(&reader)
    #expect(documented == AgentConfiguration())
  }
}
