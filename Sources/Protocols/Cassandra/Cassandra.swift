// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The native protocol of Cassandra, versions 3 to 5, in which CQL is spoken
/// (https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v5.spec, whose sections are named
/// here). Requests and responses find each other by the stream.
package struct Cassandra: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 150), name: "Cassandra", pairing: .identifier,
    defaultPorts: [9042], answers: .results, sureness: 170)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    CassandraParser()
  }

  /// A version, flags that there are, an operation, and the upper byte of a length.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([3, 4, 5, 0x83, 0x84, 0x85]), at: 0).with(ByteSet(0...0x1f), at: 1)
      .with(ByteSet(0...0x10), at: 4).with(ByteSet(0...0x0f), at: 5)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    let side: Side = bytes[0] < 0x80 ? .client : .server
    if let known = context.side, known != side { return .no }
    guard (3...5).contains(bytes[0] & 0x7f), bytes.count < 2 || bytes[1] <= 0x1f else { return .no }
    guard bytes.count >= CassandraFrame.size else {
      let isOperation = bytes.count < 5 || CassandraOperation(rawValue: bytes[4]) != nil
      return isOperation ? .undecided : .no
    }
    guard let frame = CassandraFrame(bytes), frame.operation.sender == side else { return .no }
    return CassandraRecognition.fits(frame, bytes).map { $0 ? .yes(sentBy: side) : .no }
      ?? .undecided
  }
}
