// SPDX-License-Identifier: Apache-2.0

/// Decides how much load the agent sheds to stay inside its limits. Pure: samples go in once a
/// second, a level comes out.
///
/// Down one level after two samples in a row above a limit, or at once when one is half above it;
/// up one level after ten in a row below 70 % of both. In between nothing changes.
package struct LoadGuard: Hashable, Sendable {
  package enum Level: UInt8, Hashable, Sendable, Comparable {
    case normal = 0
    /// Fewer payload bytes are copied of socket calls, and none are read of packets.
    case lean = 1
    /// Most call records are dropped; metrics still count every call.
    case sampling = 2
    /// Bytes are taken off the ring and thrown away.
    case paused = 3

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  package struct Sample: Hashable, Sendable {
    /// Hundredths of a core used since the sample before.
    package var processor: Int
    package var residentBytes: Int

    package init(processor: Int, residentBytes: Int) {
      self.processor = processor
      self.residentBytes = residentBytes
    }
  }

  static let samplesToShed = 2
  static let samplesToRecover = 10

  private let processorLimit: Int
  private let memoryLimit: Int
  package private(set) var level = Level.normal
  private var above = 0
  private var below = 0

  /// - Parameters:
  ///   - processorLimit: hundredths of a core.
  ///   - memoryLimit: bytes.
  package init(processorLimit: Int, memoryLimit: Int) {
    self.processorLimit = max(1, processorLimit)
    self.memoryLimit = max(1, memoryLimit)
  }

  /// Takes one sample and returns the level from now on.
  package mutating func take(_ sample: Sample) -> Level {
    let use = max(
      Double(sample.processor) / Double(processorLimit),
      Double(sample.residentBytes) / Double(memoryLimit))
    above = use > 1 ? above + 1 : 0
    below = use < 0.7 ? below + 1 : 0
    if above >= Self.samplesToShed || use > 1.5 {
      above = 0
      level = Level(rawValue: level.rawValue + 1) ?? .paused
    } else if below >= Self.samplesToRecover {
      below = 0
      level = Level(rawValue: level.rawValue &- 1) ?? .normal
    }
    return level
  }
}
