// SPDX-License-Identifier: Apache-2.0

/// Decides how much load the agent sheds to stay inside its limits. Pure: samples go in once a
/// second, a level comes out.
///
/// Down one level after two samples in a row above a limit, or at once when one is half above it;
/// up one level after ten in a row below 70 % of both. A minute without a sample above a limit is a
/// reason to try the next level up, too: what is used may be all that there is to use, and a limit
/// that is near it must not blind the agent for good. When the trial fails the next one waits twice
/// as long, up to a quarter of an hour.
package struct LoadGuard: Hashable, Sendable {
  package enum Level: UInt8, Hashable, Sendable, Comparable, CaseIterable {
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
    /// Memory of the agent's own, bytes.
    package var memory: Int

    package init(processor: Int, memory: Int) {
      self.processor = processor
      self.memory = memory
    }
  }

  static let samplesToShed = 2
  static let samplesToRecover = 10
  static let samplesToTry = 60
  static let longestTry = 900
  /// Of the memory limit: where memory is asked back, and how much of it is to be left in use.
  static let reliefAbove = 0.85
  static let reliefTarget = 0.6

  private let processorLimit: Int
  private let memoryLimit: Int
  package private(set) var level = Level.normal
  private var above = 0
  private var below = 0
  /// Samples since the level changed or a limit was passed.
  private var calm = 0
  private var patience = Self.samplesToTry
  /// Whether the last step up was a trial.
  private var isTrying = false

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
      Double(sample.memory) / Double(memoryLimit))
    above = use > 1 ? above + 1 : 0
    below = use < 0.7 ? below + 1 : 0
    calm = use > 1 ? 0 : calm + 1
    if above >= Self.samplesToShed || use > 1.5 {
      shed()
    } else if level > .normal, below >= Self.samplesToRecover || calm >= patience {
      recover(asTrial: below < Self.samplesToRecover)
    } else if isTrying, calm >= Self.samplesToTry {
      isTrying = false
      patience = Self.samplesToTry
    }
    return level
  }

  /// What share of their memory the pipelines should keep; nil when there is enough.
  package func relief(_ sample: Sample) -> Double? {
    let use = Double(sample.memory) / Double(memoryLimit)
    return use > Self.reliefAbove ? Self.reliefTarget / use : nil
  }

  private mutating func shed() {
    if isTrying { patience = min(2 * patience, Self.longestTry) }
    isTrying = false
    (above, calm) = (0, 0)
    level = Level(rawValue: level.rawValue + 1) ?? .paused
  }

  private mutating func recover(asTrial: Bool) {
    isTrying = asTrial
    (below, calm) = (0, 0)
    level = Level(rawValue: level.rawValue &- 1) ?? .normal
  }
}
