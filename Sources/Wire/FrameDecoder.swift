// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// One whole frame, cut from a stream but not yet read.
package struct EncodedFrame: Hashable, Sendable {
  package var head: FrameHead
  /// What follows the head.
  package var payload: [UInt8]

  package init(head: FrameHead, payload: [UInt8]) {
    self.head = head
    self.payload = payload
  }

  /// The front of a batch's payload, which is never compressed; nil for other types and for a
  /// payload too short for it.
  package var batchHead: BatchHead? {
    guard head.type == .batch, payload.count >= BatchHead.size else { return nil }
    var reader = WireReader(payload.span)
    return BatchHead(sequence: reader.fixed(), records: reader.fixed())
  }
}

/// Cuts a stream of chunks into frames. Holds at most one frame and one chunk.
package struct FrameSplitter: Sendable {
  private var buffer: [UInt8] = []
  private var start = 0

  package init() {}

  /// Bytes that wait for the rest of their frame.
  package var buffered: Int { buffer.count - start }

  /// What the frame that has begun will take when it is whole, by its own head; 0 when none has.
  package var announced: Int {
    guard buffered >= 4 else { return 0 }
    return (0..<4).reduce(4) { $0 + Int(buffer[start + $1]) << ($1 * 8) }
  }

  /// Adds a chunk of any size. Take every frame with ``next()`` before the next chunk.
  package mutating func append(_ chunk: Span<UInt8>) {
    if start > 0 {
      buffer.removeSubrange(..<start)
      start = 0
    }
    unsafe chunk.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
  }

  /// The next whole frame; nil when more bytes are needed. After a throw the stream is lost.
  package mutating func next() throws(WireError) -> EncodedFrame? {
    guard let head = try FrameHead(buffer.span.extracting(droppingFirst: start)) else {
      return nil
    }
    let end = start + FrameHead.size + head.payloadBytes
    guard end <= buffer.count else { return nil }
    let payload = Array(buffer[(start + FrameHead.size)..<end])
    start = end
    return EncodedFrame(head: head, payload: payload)
  }
}

/// Reads frames into messages. Keeps its decompression context and buffer between them.
package struct FrameOpener: ~Copyable {
  private let decompressor = Decompressor()
  private var body: [UInt8] = []

  package init() {}

  /// Reads any frame. A type that is not known gives ``Frame/unknown(_:)``, whatever it holds.
  package mutating func open(_ frame: EncodedFrame) throws(WireError) -> Frame {
    if frame.head.type == .batch {
      var batch = RecordBatch()
      let head = try open(frame, into: &batch)
      return .batch(sequence: head.sequence, batch)
    }
    guard frame.head.encoding == .raw else {
      throw WireError(.unsupported, at: 6, expected: "a raw control frame")
    }
    var reader = WireReader(frame.payload.span)
    switch frame.head.type {
    case .hello: return .hello(try Hello(from: &reader))
    case .helloAck: return .helloAck(try HelloAck(from: &reader))
    case .ack:
      let sequence = reader.fixed(UInt64.self)
      try reader.check()
      return .ack(through: sequence)
    case .reject: return .reject(try Reject(from: &reader))
    case .ping: return .ping
    case .order: return .order(try Order(from: &reader))
    default: return .unknown(frame.head.type)
    }
  }

  /// Reads a batch frame over `batch`, reusing its buffers. After a throw `batch` is not to be used.
  package mutating func open(
    _ frame: EncodedFrame, into batch: inout RecordBatch
  ) throws(WireError) -> BatchHead {
    guard frame.head.type == .batch else {
      throw WireError(.malformed, at: 4, expected: "a batch frame")
    }
    guard let head = frame.batchHead else {
      throw WireError(.truncated, at: 0, expected: "a sequence number and a record count")
    }
    let payload = frame.payload.span
    let packed = payload.extracting(droppingFirst: BatchHead.size)
    switch frame.head.encoding {
    case .raw:
      try batch.read(from: packed)
    case .zstd:
      try decompressor.decompress(packed, into: &body, limit: WireLimits.bodyBytes)
      try batch.read(from: body.span)
    }
    return head
  }
}

/// A stream of chunks to messages: ``FrameSplitter`` and ``FrameOpener`` in one.
package struct FrameDecoder: ~Copyable {
  private var splitter = FrameSplitter()
  private var opener = FrameOpener()

  package init() {}

  package mutating func append(_ chunk: Span<UInt8>) {
    splitter.append(chunk)
  }

  /// The next message; nil when more bytes are needed. After a throw the stream is lost.
  package mutating func next() throws(WireError) -> Frame? {
    guard let frame = try splitter.next() else { return nil }
    return try opener.open(frame)
  }
}
