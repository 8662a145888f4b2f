// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// The spans that were stored last. A sender that had no answer sends its spans again, and they tell who
/// they are: one that is the same in trace, id, side and times is stored once.
///
/// It reaches ``capacity`` spans back at least, twice that at most, and not beyond the start of the
/// server: what is sent again later than that is there twice.
struct SpanMemory: Sendable {
  static let capacity = 262_144

  /// 128 bits of a keyed hash: of a million spans two are taken for one in 10^26.
  private struct Identity: Hashable, Sendable {
    var first: Int
    var second: Int
  }

  private var young: Set<Identity> = []
  private var old: Set<Identity> = []

  var count: Int { young.count + old.count }

  /// Whether the span was here before; from now on it was. What has no id of its own never was.
  mutating func isRepeated(_ call: borrowing CallRecord, _ text: Span<UInt8>) -> Bool {
    let spanID = call.texts.spanID.bytes(in: text)
    guard call.signalSource == .openTelemetry, !spanID.isEmpty else { return false }
    var hashes: (Hasher, Hasher) = (Hasher(), Hasher())
    hashes.1.combine(1)
    Self.add(&hashes, call.texts.traceID.bytes(in: text))
    Self.add(&hashes, spanID)
    for number in [
      Int64(call.observationPoint.rawValue), call.start.nanoseconds, call.end.nanoseconds,
    ] {
      hashes.0.combine(number)
      hashes.1.combine(number)
    }
    let identity = Identity(first: hashes.0.finalize(), second: hashes.1.finalize())
    guard !old.contains(identity), young.insert(identity).inserted else { return true }
    if young.count >= Self.capacity {
      old = young
      young = Set(minimumCapacity: Self.capacity)
    }
    return false
  }

  private static func add(_ hashes: inout (Hasher, Hasher), _ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBytes { bytes in
      hashes.0.combine(bytes.count)
      unsafe hashes.0.combine(bytes: bytes)
      hashes.1.combine(bytes.count)
      unsafe hashes.1.combine(bytes: bytes)
    }
  }
}
