// SPDX-License-Identifier: Apache-2.0

/// Where on its way a call or flow was seen. The number travels; the short name is stored.
///
/// The number is the side (1 client, 2 server, 0 neither) and eight times the kind of place: 0 the
/// end's own network card, 1 the node it runs on, 2 its hypervisor, 3 its gateway's hypervisor, 4 its
/// gateway, 5 its process, 6 its application.
package struct ObservationPoint: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let rest = ObservationPoint(rawValue: 0)
  package static let client = ObservationPoint(rawValue: 1)
  package static let server = ObservationPoint(rawValue: 2)
  /// A loopback interface: both ends are here.
  package static let local = ObservationPoint(rawValue: 4)
  package static let clientNode = ObservationPoint(rawValue: 9)
  package static let serverNode = ObservationPoint(rawValue: 10)
  package static let clientGateway = ObservationPoint(rawValue: 33)
  package static let serverGateway = ObservationPoint(rawValue: 34)
  package static let clientProcess = ObservationPoint(rawValue: 41)
  package static let serverProcess = ObservationPoint(rawValue: 42)
  /// What an application told of itself, neither calling nor being called.
  package static let application = ObservationPoint(rawValue: 48)
  package static let clientApplication = ObservationPoint(rawValue: 49)
  package static let serverApplication = ObservationPoint(rawValue: 50)

  /// The stored name; `rest` for a number this version does not know.
  package var name: StaticString {
    switch self {
    case .client: "c"
    case .server: "s"
    case .local: "local"
    case .clientNode: "c-nd"
    case .serverNode: "s-nd"
    case .clientGateway: "c-gw"
    case .serverGateway: "s-gw"
    case .clientProcess: "c-p"
    case .serverProcess: "s-p"
    case .application: "app"
    case .clientApplication: "c-app"
    case .serverApplication: "s-app"
    default: "rest"
    }
  }
}

extension ObservationPoint {
  /// Every stored name, in the order that a request passes the points.
  package static let way = [
    "c-app", "c-p", "c", "c-nd", "c-hv", "c-gw-hv", "c-gw", "local", "app", "rest", "s-gw",
    "s-gw-hv", "s-hv", "s-nd", "s", "s-p", "s-app",
  ]

  /// How far along the way the point of that name stands; one that is not known, in the middle.
  package static func place(onTheWay name: String) -> Int {
    way.firstIndex(of: name) ?? way.firstIndex(of: "rest") ?? 0
  }
}

/// Which data plane saw it.
package struct SignalSource: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let packet = SignalSource(rawValue: 0)
  package static let eBPF = SignalSource(rawValue: 3)
  /// Told by the application's own instrumentation, in whatever format it came.
  package static let openTelemetry = SignalSource(rawValue: 4)
}
