// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Who an agent is, for as long as its spool directory lives: with a sequence number it names a batch.
package struct AgentIdentity: Hashable, Sendable {
  /// `/etc/machine-id`; empty where there is none.
  package var machineID: String
  /// 128 random bits, drawn when the spool directory was made.
  package var instanceHigh: UInt64
  package var instanceLow: UInt64

  package init(machineID: String, instanceHigh: UInt64, instanceLow: UInt64) {
    self.machineID = machineID
    self.instanceHigh = instanceHigh
    self.instanceLow = instanceLow
  }

  /// The instance as 32 hex digits.
  package var instance: String {
    func hex(_ word: UInt64) -> String {
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    return hex(instanceHigh) + hex(instanceLow)
  }
}

/// A protocol that the agent knows, so that the server learns its name without knowing its parser.
package struct AnnouncedProtocol: Hashable, Sendable {
  package var number: ApplicationProtocol
  /// As users write it: `HTTP`, `MySQL`.
  package var name: String

  package init(number: ApplicationProtocol, name: String) {
    self.number = number
    self.name = name
  }
}

/// How often an agent crashed while it parsed a protocol.
package struct AnnouncedCrashes: Hashable, Sendable {
  /// Of the protocol; `none` where none was being parsed.
  package var name: String
  package var count: UInt64
  /// Whether the agent does not read the protocol any more.
  package var isSuspended: Bool

  package init(name: String, count: UInt64, isSuspended: Bool) {
    self.name = name
    self.count = count
    self.isSuspended = isSuspended
  }
}

/// How an agent introduces itself.
package struct Hello: Hashable, Sendable {
  /// The newest ``FrameHead/version`` that the agent reads.
  package var protocolVersion: UInt8
  package var identity: AgentIdentity
  /// `/proc/sys/kernel/random/boot_id`.
  package var bootID: String
  package var hostname: String
  package var agentVersion: String
  package var protocols: [AnnouncedProtocol]
  /// What this host lets the agent do, as `metaflow-agent check` names it. At most 256.
  package var capabilities: [String]
  /// How often it was started again after a crash, for as long as its spool directory lives.
  package var restarts: UInt64
  /// At most 256.
  package var crashes: [AnnouncedCrashes]
  /// What tells the Kubernetes cluster that the agent could watch from others; empty for none.
  package var cluster: String

  package init(
    protocolVersion: UInt8 = FrameHead.version, identity: AgentIdentity, bootID: String,
    hostname: String, agentVersion: String, protocols: [AnnouncedProtocol],
    capabilities: [String] = [], restarts: UInt64 = 0, crashes: [AnnouncedCrashes] = [],
    cluster: String = ""
  ) {
    self.protocolVersion = protocolVersion
    self.identity = identity
    self.bootID = bootID
    self.hostname = hostname
    self.agentVersion = agentVersion
    self.protocols = protocols
    self.capabilities = capabilities
    self.restarts = restarts
    self.crashes = crashes
    self.cluster = cluster
  }
}

/// The server's answer to a ``Hello``.
package struct HelloAck: Hashable, Sendable {
  package var accepted: Bool
  /// The number under which the agent's records are stored; 0 unless accepted.
  package var agentID: UInt16
  /// The newest batch of this identity that is durable; 0 when there is none. The agent forgets
  /// everything up to it and goes on behind it.
  package var lastSequence: UInt64
  /// CRC-32 of that batch's payload; nil when it is not known. An agent whose own batch of that
  /// number is another one is not the only one that uses its identity.
  package var lastChecksum: UInt32?
  /// Configuration that the agent is to run with, as YAML; nil for its own.
  package var configuration: String?
  /// Why not, when not accepted.
  package var text: String

  package init(
    accepted: Bool, agentID: UInt16 = 0, lastSequence: UInt64 = 0, lastChecksum: UInt32? = nil,
    configuration: String? = nil, text: String = ""
  ) {
    self.accepted = accepted
    self.agentID = agentID
    self.lastSequence = lastSequence
    self.lastChecksum = lastChecksum
    self.configuration = configuration
    self.text = text
  }
}

extension Hello {
  func write(to writer: inout WireWriter) {
    writer.byte(protocolVersion)
    writer.string(identity.machineID)
    writer.fixed(identity.instanceHigh)
    writer.fixed(identity.instanceLow)
    writer.string(bootID)
    writer.string(hostname)
    writer.string(agentVersion)
    let protocols = protocols.prefix(WireLimits.announcements)
    writer.varint(UInt64(protocols.count))
    for announced in protocols {
      writer.byte(announced.number.rawValue)
      writer.string(announced.name)
    }
    let capabilities = capabilities.prefix(WireLimits.announcements)
    writer.varint(UInt64(capabilities.count))
    for capability in capabilities { writer.string(capability) }
    // An agent that never crashed, and has no cluster, says what older ones say.
    guard restarts > 0 || !crashes.isEmpty || !cluster.isEmpty else { return }
    writer.varint(restarts)
    let crashes = crashes.prefix(WireLimits.announcements)
    writer.varint(UInt64(crashes.count))
    for entry in crashes {
      writer.string(entry.name)
      writer.varint(entry.count)
      writer.byte(entry.isSuspended ? 1 : 0)
    }
    if !cluster.isEmpty { writer.string(cluster) }
  }

  /// What follows the known fields is a later version's and is not looked at.
  init(from reader: inout WireReader) throws(WireError) {
    protocolVersion = reader.byte()
    let machineID = reader.string()
    let high = reader.fixed(UInt64.self)
    let low = reader.fixed(UInt64.self)
    identity = AgentIdentity(machineID: machineID, instanceHigh: high, instanceLow: low)
    bootID = reader.string()
    hostname = reader.string()
    agentVersion = reader.string()
    protocols = []
    for _ in 0..<reader.count(limit: WireLimits.announcements, rowBytes: 2) {
      let number = ApplicationProtocol(rawValue: reader.byte())
      protocols.append(AnnouncedProtocol(number: number, name: reader.string()))
    }
    capabilities = []
    for _ in 0..<reader.count(limit: WireLimits.announcements, rowBytes: 1) {
      capabilities.append(reader.string())
    }
    restarts = 0
    crashes = []
    if reader.remaining > 0 {
      restarts = reader.varint()
      for _ in 0..<reader.count(limit: WireLimits.announcements, rowBytes: 3) {
        crashes.append(
          AnnouncedCrashes(
            name: reader.string(), count: reader.varint(), isSuspended: reader.byte() != 0))
      }
    }
    cluster = reader.remaining > 0 ? reader.string() : ""
    try reader.check()
  }
}

extension HelloAck {
  func write(to writer: inout WireWriter) {
    writer.byte(accepted ? 1 : 0)
    writer.fixed(agentID)
    writer.fixed(lastSequence)
    writer.byte(configuration == nil ? 0 : 1)
    if let configuration {
      writer.string(configuration, limit: WireLimits.configurationBytes)
    }
    writer.string(text)
    if let lastChecksum { writer.fixed(lastChecksum) }
  }

  /// What follows the known fields is a later version's and is not looked at. The checksum is not in
  /// what the first servers send.
  init(from reader: inout WireReader) throws(WireError) {
    accepted = reader.byte() != 0
    agentID = reader.fixed()
    lastSequence = reader.fixed()
    configuration =
      reader.byte() != 0 ? reader.string(limit: WireLimits.configurationBytes) : nil
    text = reader.string()
    if reader.remaining >= 4 { lastChecksum = reader.fixed(UInt32.self) }
    try reader.check()
  }
}

extension Order {
  func write(to writer: inout WireWriter) {
    writer.byte(task.rawValue)
    writer.byte(isOn ? 1 : 0)
  }

  init(from reader: inout WireReader) throws(WireError) {
    task = Task(rawValue: reader.byte())
    isOn = reader.byte() != 0
    try reader.check()
  }
}

extension Reject {
  func write(to writer: inout WireWriter) {
    writer.fixed(sequence)
    writer.byte(code.rawValue)
    writer.string(text)
  }

  init(from reader: inout WireReader) throws(WireError) {
    sequence = reader.fixed()
    code = Code(rawValue: reader.byte())
    text = reader.string()
    try reader.check()
  }
}
