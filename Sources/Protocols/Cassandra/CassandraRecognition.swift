// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Whether what stands behind a frame's head is what the operation demands.
enum CassandraRecognition {
  /// Nil when too few bytes are in view to tell.
  static func fits(_ frame: CassandraFrame, _ bytes: Span<UInt8>) -> Bool? {
    if frame.isCompressed { return frame.bodyCount > 0 && frame.flags <= 0x0f }
    let body = bytes.clipped(from: CassandraFrame.size, to: frame.length)
    switch frame.operation {
    case .options, .ready: return frame.bodyCount == 0
    case .startup:
      // A map of texts, in which the version of CQL has to be.
      let count = min(body.count, 64)
      for start in 0..<count where body.hasPrefix("CQL_VERSION", at: start) {
        return start + 11 <= body.count ? frame.bodyCount < 1_024 : nil
      }
      return body.count >= min(frame.bodyCount, 64) ? false : nil
    case .query, .prepare:
      guard body.count >= 4 else { return frame.bodyCount >= 4 ? nil : false }
      guard let start = frame.bodyStart(in: bytes), start + 4 <= bytes.count else {
        return bytes.count >= frame.length ? false : nil
      }
      let count = Int(bytes.bigEndian32(at: start))
      guard count > 0, count <= frame.length - start - 4 else { return false }
      return isText(bytes.clipped(from: start + 4, to: start + 4 + min(count, 16)))
    case .execute:
      guard body.count >= 2 else { return frame.bodyCount >= 2 ? nil : false }
      let count = Int(body[0]) << 8 | Int(body[1])
      return count == 16 && count < frame.bodyCount
    case .batch:
      guard body.count >= 3 else { return frame.bodyCount >= 3 ? nil : false }
      return body[0] <= 2
    case .register, .supported, .event, .authenticate:
      return frame.bodyCount >= 2 && frame.bodyCount < 1 << 16
    case .authResponse, .authChallenge, .authSuccess:
      guard body.count >= 4 else { return frame.bodyCount >= 4 ? nil : false }
      let count = Int(Int32(truncatingIfNeeded: body.bigEndian32(at: 0)))
      return max(0, count) + 4 == frame.bodyCount
    case .error:
      guard let start = frame.bodyStart(in: bytes), start + 6 <= bytes.count else {
        return bytes.count >= frame.length ? false : nil
      }
      let count = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
      return CassandraErrorCode.name(bytes.bigEndian32(at: start)) != nil
        && count <= frame.length - start - 6
    case .result:
      guard let start = frame.bodyStart(in: bytes), start + 4 <= bytes.count else {
        return bytes.count >= frame.length ? false : nil
      }
      return (1...5).contains(bytes.bigEndian32(at: start))
    }
  }

  private static func isText(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices {
      let byte = bytes[index]
      if byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d || byte == 0x7f {
        return false
      }
    }
    return true
  }
}
