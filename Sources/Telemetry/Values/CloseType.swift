// SPDX-License-Identifier: Apache-2.0

/// How a flow, or this report of it, ended. The number is stored in `close_type`.
package struct CloseType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let unknown = CloseType(rawValue: 0)
  /// FIN from both sides.
  package static let finished = CloseType(rawValue: 1)
  package static let serverReset = CloseType(rawValue: 2)
  /// Silence; normal for anything but TCP.
  package static let timeout = CloseType(rawValue: 3)
  /// The flow goes on; this is its report of the minute.
  package static let forcedReport = CloseType(rawValue: 5)
  /// The SYN was repeated and never answered.
  package static let serverSynAckMissing = CloseType(rawValue: 7)
  /// Only the client's FIN was seen.
  package static let serverHalfClose = CloseType(rawValue: 8)
  package static let clientReset = CloseType(rawValue: 9)
  /// The SYN/ACK was repeated and never acknowledged.
  package static let clientAckMissing = CloseType(rawValue: 10)
  /// Only the server's FIN was seen.
  package static let clientHalfClose = CloseType(rawValue: 11)
  package static let clientPortReuse = CloseType(rawValue: 13)
  /// The SYN was answered by RST.
  package static let serverRefused = CloseType(rawValue: 15)
  /// The server's accept queue overflowed: it repeats its SYN/ACK although it was acknowledged.
  package static let serverQueueFull = CloseType(rawValue: 17)
  package static let clientEstablishReset = CloseType(rawValue: 18)
  package static let serverEstablishReset = CloseType(rawValue: 19)
  /// Done, and the client ended it by RST: after FIN, after a good answer, or as a heartbeat.
  package static let clientResetAfterFinish = CloseType(rawValue: 20)

  /// Whom it blames; timeouts are errors of TCP only.
  package func status(_ transport: TransportProtocol) -> ResponseStatus {
    switch self {
    case .finished, .forcedReport, .clientResetAfterFinish, .serverHalfClose, .clientHalfClose:
      .ok
    case .timeout: transport == .tcp ? .serverError : .ok
    case .serverReset, .serverSynAckMissing, .serverRefused, .serverQueueFull,
      .serverEstablishReset:
      .serverError
    case .clientReset, .clientAckMissing, .clientPortReuse, .clientEstablishReset: .clientError
    default: .unknown
    }
  }

  /// What is stored in `status`: the number of ``status(_:)``, but for "unknown", which is 2 there
  /// (a flow has no number for what a timed-out request is).
  package func storedStatus(_ transport: TransportProtocol) -> UInt8 {
    let status = status(transport)
    return status == .unknown ? 2 : status.rawValue
  }
}
