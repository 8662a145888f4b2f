// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A version of a resource as it is written down, so that a program that starts knows what the one
/// before was told.
package struct WrittenResource: Sendable {
  /// With the time from which on it holds.
  package var report: ResourceReport
  package var told: Timestamp
  /// When the resource was gone; nil while the version holds, or where another took its place.
  package var gone: Timestamp?

  package init(report: ResourceReport, told: Timestamp, gone: Timestamp?) {
    self.report = report
    self.told = told
    self.gone = gone
  }
}

/// Something about resources to be written down.
package enum WhereaboutsChange: Sendable {
  case began(ResourceReport, told: Timestamp)
  /// - isReplaced: another version takes its place.
  case ended(ResourceIdentity, at: Timestamp, isReplaced: Bool)
  case forgotten(before: UInt32)
}
