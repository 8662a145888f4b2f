// SPDX-License-Identifier: Apache-2.0

/// The eight bytes in front of every frame: see docs/formats/wire.md.
package struct FrameHead: Hashable, Sendable, BitwiseCopyable {
  package static let size = 8
  /// The layout that this build writes, and the newest that it reads.
  package static let version: UInt8 = 1

  package enum Encoding: UInt8, Hashable, Sendable, BitwiseCopyable {
    case raw = 0
    case zstd = 1
  }

  package var type: FrameType
  package var encoding: Encoding
  /// Bytes that follow the head, at most ``WireLimits/frameBytes`` less the head's own four.
  package var payloadBytes: Int

  package init(type: FrameType, encoding: Encoding, payloadBytes: Int) {
    self.type = type
    self.encoding = encoding
    self.payloadBytes = payloadBytes
  }

  /// Reads a head from the front of `bytes`; nil when fewer than ``size`` are there.
  ///
  /// - Throws: when the length is out of bounds or the version or encoding is unknown.
  package init?(_ bytes: Span<UInt8>) throws(WireError) {
    guard bytes.count >= 4 else { return nil }
    var reader = WireReader(bytes)
    let length = Int(reader.fixed(UInt32.self))
    // Judged on four bytes alone: a peer that speaks something else is told at once.
    guard length >= 4 else {
      throw WireError(.malformed, at: 0, expected: "a frame length of at least 4")
    }
    guard length <= WireLimits.frameBytes else {
      throw WireError(.oversized, at: 0, expected: "a frame of at most 8 MiB")
    }
    guard bytes.count >= 5 else { return nil }
    type = FrameType(rawValue: reader.byte())
    // Judged before a byte of the payload is held.
    guard length <= type.frameBytes else {
      throw WireError(.oversized, at: 0, expected: "a control frame of at most 64 KiB")
    }
    guard bytes.count >= Self.size else { return nil }
    let version = reader.byte()
    guard version >= 1, version <= Self.version else {
      throw WireError(.unsupported, at: 5, expected: "frame version 1")
    }
    guard let encoding = Encoding(rawValue: reader.byte()) else {
      throw WireError(.unsupported, at: 6, expected: "encoding 0 (raw) or 1 (zstd)")
    }
    self.encoding = encoding
    payloadBytes = length - 4
  }

  func write(to writer: inout WireWriter) {
    writer.fixed(UInt32(payloadBytes + 4))
    writer.byte(type.rawValue)
    writer.byte(Self.version)
    writer.byte(encoding.rawValue)
    writer.byte(0)
  }
}

/// What a frame is. An open set: a type that the receiver does not know is skipped.
package struct FrameType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let hello = FrameType(rawValue: 1)
  package static let helloAck = FrameType(rawValue: 2)
  package static let batch = FrameType(rawValue: 3)
  package static let ack = FrameType(rawValue: 4)
  package static let reject = FrameType(rawValue: 5)
  package static let ping = FrameType(rawValue: 6)
  package static let order = FrameType(rawValue: 7)

  /// What a frame of this type may have after its length word.
  var frameBytes: Int {
    switch self {
    case .batch: WireLimits.frameBytes
    case .helloAck: WireLimits.controlFrameBytes + WireLimits.configurationBytes
    default: WireLimits.controlFrameBytes
    }
  }
}

/// What a run of bytes in a batch holds. An open set: unknown sections are skipped by their length.
package struct SectionID: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let text = SectionID(rawValue: 1)
  package static let calls = SectionID(rawValue: 2)
  package static let metrics = SectionID(rawValue: 3)
  package static let losses = SectionID(rawValue: 4)
  package static let processes = SectionID(rawValue: 5)
  package static let endedProcesses = SectionID(rawValue: 6)
  package static let host = SectionID(rawValue: 7)
  package static let flows = SectionID(rawValue: 8)
  package static let networkMetrics = SectionID(rawValue: 9)
  package static let callDetails = SectionID(rawValue: 10)
  package static let resources = SectionID(rawValue: 11)
  package static let coverage = SectionID(rawValue: 13)
}
