// SPDX-License-Identifier: Apache-2.0

/// The work of a thread that watches something: made, stepped and finished on that thread alone.
protocol ObservingLoop: ~Copyable, SendableMetatype {
  /// What others are told of it.
  associatedtype Report: Sendable

  /// Read once, before the first step.
  var report: Report { get }

  /// One round: waits for a few milliseconds at most.
  mutating func step()

  /// Takes what is left and hands on everything.
  mutating func finish()
}
