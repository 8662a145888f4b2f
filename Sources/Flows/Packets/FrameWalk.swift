// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What the walk through a frame's headers meets next, or how it ended.
enum WalkStep: UInt8 {
  case ethernet, vlan, mpls, ppp, pppoe
  /// An IP header whose version decides.
  case ip
  case ipv4, ipv6
  case tcp, udp, icmp
  case ipv4Inside, ipv6Inside, gre, nsh
  /// The end: a packet of a flow.
  case flow
  /// The end: a fragment behind the first, whose flow the first one knows.
  case laterFragment
  /// The end: nothing that has flows.
  case notIP
  /// The end: a header goes on beyond the captured bytes.
  case cut
  /// The end: a header contradicts itself or what is around it, or is not decoded.
  case malformed
}

/// A walk through the headers of one frame, outermost first.
///
/// Each step reads one header at `offset`, writes what it says into the packet, and moves on. A step
/// consumes bytes, and the steps are counted, so every walk ends.
struct FrameWalk: ~Escapable, BitwiseCopyable {
  /// Headers of one frame, at most; two tunnels with VLANs and labels everywhere have some twenty.
  static let maximumSteps = 32

  let bytes: Span<UInt8>
  /// Tunnels that may still be opened.
  let tunnels: UInt8
  /// Where the next header begins.
  var offset = 0
  /// Where the current layer ends, by its own header or the one around it; may lie behind the bytes.
  private(set) var limit: Int
  /// Where the current layer's captured bytes end.
  private(set) var available: Int
  /// Set when a first fragment was met: under which key its flow is to be remembered.
  var fragment: FragmentKey?
  /// Where that fragment's payload begins in the frame, and, of a later fragment, in the whole packet's.
  var fragmentStart = 0
  var fragmentOffset = 0

  @inline(__always)
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, length: UInt32, tunnels: UInt8) {
    self.bytes = bytes
    self.tunnels = tunnels
    limit = max(Int(length), bytes.count)
    available = bytes.count
  }

  /// Whether the next `count` bytes are in the current layer and were captured.
  @inline(__always)
  func holds(_ count: Int) -> Bool { offset &+ count <= available }

  /// Why the next `count` bytes are not there.
  @inline(never)
  func missing(_ count: Int) -> WalkStep { offset + count <= limit ? .cut : .malformed }

  /// Ends the current layer at `end`. An inner header is believed even beyond the end of the outer
  /// one: interfaces that cut big packets into frames leave outer lengths behind that do not fit.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func setLimit(_ end: Int) {
    limit = end
    available = min(end, bytes.count)
  }

  /// Walks from `first` to an end.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func run(from first: WalkStep, _ packet: inout DecodedPacket) -> WalkStep {
    var step = first
    for _ in 0..<Self.maximumSteps {
      switch step {
      case .ethernet: step = ethernet(&packet)
      case .vlan: step = vlan(&packet)
      case .mpls: step = mpls()
      case .ppp: step = ppp()
      case .pppoe: step = pppoe()
      case .ip: step = ipOfAnyVersion()
      case .ipv4: step = ipv4(&packet)
      case .ipv6: step = ipv6(&packet)
      case .tcp: step = tcp(&packet)
      case .udp: step = udp(&packet)
      case .icmp: step = icmp(&packet)
      case .ipv4Inside: step = enter(.ipip, id: 0, inside: .ipv4, &packet)
      case .ipv6Inside: step = enter(.ipip, id: 0, inside: .ipv6, &packet)
      case .gre: step = gre(&packet)
      case .nsh: step = nsh()
      case .flow, .laterFragment, .notIP, .cut, .malformed: return step
      }
    }
    return step.rawValue >= WalkStep.flow.rawValue ? step : .malformed
  }
}
