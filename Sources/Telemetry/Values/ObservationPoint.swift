// SPDX-License-Identifier: Apache-2.0

/// Where on its way a call or flow was seen. The number travels; the short name is stored.
package struct ObservationPoint: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let rest = ObservationPoint(rawValue: 0)
  package static let client = ObservationPoint(rawValue: 1)
  package static let server = ObservationPoint(rawValue: 2)
  package static let local = ObservationPoint(rawValue: 3)
  package static let clientNode = ObservationPoint(rawValue: 4)
  package static let serverNode = ObservationPoint(rawValue: 5)
  package static let clientProcess = ObservationPoint(rawValue: 16)
  package static let serverProcess = ObservationPoint(rawValue: 17)

  /// The stored name; `rest` for a number this version does not know.
  package var name: StaticString {
    switch self {
    case .client: "c"
    case .server: "s"
    case .local: "local"
    case .clientNode: "c-nd"
    case .serverNode: "s-nd"
    case .clientProcess: "c-p"
    case .serverProcess: "s-p"
    default: "rest"
    }
  }
}

/// Which data plane a record came from, as stored in `signal_source`.
package struct SignalSource: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let packet = SignalSource(rawValue: 0)
  package static let eBPF = SignalSource(rawValue: 3)
  package static let openTelemetry = SignalSource(rawValue: 4)
}
