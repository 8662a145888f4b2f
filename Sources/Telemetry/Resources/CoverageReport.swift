// SPDX-License-Identifier: Apache-2.0

/// What an agent sees of the processes of its host, what it does not, and why.
package struct CoverageReport: Hashable, Sendable {
  /// Rows of one report.
  package static let mostRows = 1_024

  package struct Row: Hashable, Sendable {
    /// ``ProcessKey/unknown`` for what is so of the whole host.
    package var process: ProcessKey
    package var name: String
    package var gap: CoverageGap
    /// What is spoken; 0 where that is not known, or not what this is about.
    package var applicationProtocol: ApplicationProtocol
    /// The server's port; 0 where there is none.
    package var port: UInt16
    /// A library, a hook, or the shape of first bytes.
    package var subject: String
    /// Connections.
    package var count: UInt64

    package init(
      process: ProcessKey = .unknown, name: String = "", gap: CoverageGap,
      applicationProtocol: ApplicationProtocol = .unknown, port: UInt16 = 0, subject: String = "",
      count: UInt64 = 0
    ) {
      self.process = process
      self.name = name
      self.gap = gap
      self.applicationProtocol = applicationProtocol
      self.port = port
      self.subject = subject
      self.count = count
    }
  }

  package var time: Timestamp
  package var rows: [Row]
  /// Rows for which there was no room.
  package var leftOut: UInt64

  package init(time: Timestamp, rows: [Row], leftOut: UInt64) {
    self.time = time
    self.rows = rows
    self.leftOut = leftOut
  }
}
