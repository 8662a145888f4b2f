// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Turns messages into frames. Keeps its compression context and buffer between them.
package struct FrameEncoder: ~Copyable {
  /// Bodies below this many bytes are not worth a compressed frame's overhead.
  private static let compressionThreshold = 128

  private let compressor: Compressor
  private let isCompressing: Bool
  private var body = WireWriter()

  /// - Parameter level: zstd's; 1 costs the least CPU.
  package init(level: Int = 1, compressing: Bool = true) {
    compressor = Compressor(level: level)
    isCompressing = compressing
  }

  /// The bytes of `frame`.
  ///
  /// - Throws: ``WireError/Fault/oversized`` for a batch that exceeds ``WireLimits``; split it.
  package mutating func encode(_ frame: Frame) throws(WireError) -> [UInt8] {
    switch frame {
    case .hello(let hello): Self.raw(.hello) { hello.write(to: &$0) }
    case .helloAck(let answer): Self.raw(.helloAck) { answer.write(to: &$0) }
    case .batch(let sequence, let batch): try encode(batch, sequence: sequence)
    case .ack(let sequence): Self.raw(.ack) { $0.fixed(sequence) }
    case .reject(let reject): Self.raw(.reject) { reject.write(to: &$0) }
    case .ping: Self.raw(.ping) { _ in }
    case .order(let order): Self.raw(.order) { order.write(to: &$0) }
    case .unknown(let type): Self.raw(type) { _ in }
    }
  }

  /// The frame of one batch; spares ``encode(_:)``'s copy of it.
  package mutating func encode(
    _ batch: borrowing RecordBatch, sequence: UInt64
  ) throws(WireError) -> [UInt8] {
    guard batch.calls.count <= WireLimits.rows, batch.metrics.count <= WireLimits.rows,
      batch.flows.count <= WireLimits.rows, batch.networkMetrics.count <= WireLimits.rows,
      batch.losses.count <= WireLimits.rows, batch.processes.count <= WireLimits.processes,
      batch.endedProcesses.count <= WireLimits.processes, batch.resources.count <= WireLimits.rows
    else { throw WireError(.oversized, at: 0, expected: "a batch inside the row limits") }
    body.removeAll()
    batch.write(to: &body)
    guard body.count <= WireLimits.bodyBytes else {
      throw WireError(.oversized, at: 0, expected: "a body of at most 32 MiB")
    }
    var head = WireWriter()
    FrameHead(type: .batch, encoding: .zstd, payloadBytes: 0).write(to: &head)
    head.fixed(sequence)
    head.fixed(UInt32(batch.recordCount))
    var frame = head.bytes
    let isCompressed =
      isCompressing && body.count >= Self.compressionThreshold
      && compressor.compress(body.span, appendingTo: &frame)
    if !isCompressed {
      frame += body.bytes
      frame[6] = FrameHead.Encoding.raw.rawValue
    }
    guard frame.count - 4 <= WireLimits.frameBytes else {
      throw WireError(.oversized, at: 0, expected: "a frame of at most 8 MiB")
    }
    let length = UInt32(frame.count - 4)
    for index in 0..<4 { frame[index] = UInt8(truncatingIfNeeded: length >> UInt32(index * 8)) }
    return frame
  }

  private static func raw(_ type: FrameType, _ payload: (inout WireWriter) -> Void) -> [UInt8] {
    var frame = WireWriter()
    FrameHead(type: type, encoding: .raw, payloadBytes: 0).write(to: &frame)
    payload(&frame)
    frame.patch(UInt32(frame.count - 4), at: 0)
    return frame.bytes
  }
}
