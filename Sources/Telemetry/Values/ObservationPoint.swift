// SPDX-License-Identifier: Apache-2.0

/// Where on its way a call or flow was seen. The number travels; the short name is stored.
///
/// The number is the side (1 client, 2 server, 0 neither) and eight times the kind of place: 0 the
/// end's own network card, 1 the node it runs on, 2 its hypervisor, 3 its gateway's hypervisor, 4 its
/// gateway, 5 its process, 6 its application.
@usableFromInline
package struct ObservationPoint: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var rawValue: UInt8

  @inlinable @inline(__always)
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inlinable package static var rest: ObservationPoint { ObservationPoint(rawValue: 0) }
  @inlinable package static var client: ObservationPoint { ObservationPoint(rawValue: 1) }
  @inlinable package static var server: ObservationPoint { ObservationPoint(rawValue: 2) }
  /// A loopback interface: both ends are here.
  @inlinable package static var local: ObservationPoint { ObservationPoint(rawValue: 4) }
  @inlinable package static var clientNode: ObservationPoint { ObservationPoint(rawValue: 9) }
  @inlinable package static var serverNode: ObservationPoint { ObservationPoint(rawValue: 10) }
  @inlinable package static var clientGateway: ObservationPoint { ObservationPoint(rawValue: 33) }
  @inlinable package static var serverGateway: ObservationPoint { ObservationPoint(rawValue: 34) }
  @inlinable package static var clientProcess: ObservationPoint { ObservationPoint(rawValue: 41) }
  @inlinable package static var serverProcess: ObservationPoint { ObservationPoint(rawValue: 42) }
  /// What an application told of itself, neither calling nor being called.
  @inlinable package static var application: ObservationPoint { ObservationPoint(rawValue: 48) }
  @inlinable package static var clientApplication: ObservationPoint {
    ObservationPoint(rawValue: 49)
  }
  @inlinable package static var serverApplication: ObservationPoint {
    ObservationPoint(rawValue: 50)
  }

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
@usableFromInline package struct SignalSource: RawRepresentable, Hashable, Sendable, BitwiseCopyable
{
  @usableFromInline package var rawValue: UInt8

  @inlinable @inline(__always)
  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inlinable package static var packet: SignalSource { SignalSource(rawValue: 0) }
  @inlinable package static var eBPF: SignalSource { SignalSource(rawValue: 3) }
  /// Told by the application's own instrumentation, in whatever format it came.
  @inlinable package static var openTelemetry: SignalSource { SignalSource(rawValue: 4) }
}
