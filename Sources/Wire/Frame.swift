// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// One message between an agent and the server.
package enum Frame: Hashable, Sendable {
  /// Agent to server, first on every connection.
  case hello(Hello)
  /// Server to agent, the answer to it.
  case helloAck(HelloAck)
  /// Agent to server. Its id is the agent's identity and `sequence`.
  case batch(sequence: UInt64, RecordBatch)
  /// Server to agent: every batch up to and including this sequence is durable.
  case ack(through: UInt64)
  /// Server to agent: this batch will never be taken; the agent drops and counts it.
  case reject(Reject)
  /// Agent to server, when it has been silent; the server answers with its current ack.
  case ping
  /// Server to agent: what it is to do besides.
  case order(Order)
  /// A type of a later version, to be skipped.
  case unknown(FrameType)
}

/// What a batch says of itself in front of its (usually compressed) body.
package struct BatchHead: Hashable, Sendable, BitwiseCopyable {
  package static let size = 12

  package var sequence: UInt64
  /// Calls, flows and metrics of both kinds in the batch, for whoever must count it without reading
  /// it. The sender's word: not to be trusted with memory.
  package var records: UInt32

  package init(sequence: UInt64, records: UInt32) {
    self.sequence = sequence
    self.records = records
  }
}

/// What one agent of many does for all of them. An open set.
package struct Order: Hashable, Sendable {
  package struct Task: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// Watch the objects of its Kubernetes cluster.
    package static let watchCluster = Task(rawValue: 1)
  }

  package var task: Task
  /// Whether to begin; else to leave it.
  package var isOn: Bool

  package init(_ task: Task, isOn: Bool) {
    self.task = task
    self.isOn = isOn
  }
}

/// Why a batch will never be taken.
package struct Reject: Hashable, Sendable {
  package struct Code: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The frame could not be read.
    package static let malformed = Code(rawValue: 1)
    /// The store refused its rows, and would again.
    package static let storeRefused = Code(rawValue: 2)
    /// The server does not take batches of this agent (no hello, or a hello refused).
    package static let notAccepted = Code(rawValue: 3)
    /// Another agent sends under the same identity: the receiver keeps its batches and takes a new
    /// one.
    package static let identityInUse = Code(rawValue: 4)
  }

  /// 0 when the fault is not one batch's.
  package var sequence: UInt64
  package var code: Code
  /// For people: what is wrong and what to do.
  package var text: String

  package init(sequence: UInt64, code: Code, text: String) {
    self.sequence = sequence
    self.code = code
    self.text = text
  }
}
