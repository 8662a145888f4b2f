// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry

/// The endpoints of the services that this host's calls go to, and the file of the spool's directory that
/// the next run reads them from.
struct LearnedEndpoints: ~Copyable {
  /// Seconds between two writings.
  private static let pause: Int64 = 30
  private static let limit = 64 << 20

  var book: EndpointBook
  private let directory: String
  private var written: UInt64
  private var lastWritten: Int64 = 0

  init(directory: String, _ rules: EndpointRules) {
    self.directory = directory
    var random = SystemRandomNumberGenerator()
    book = EndpointBook(rules: rules, seed: random.next())
    let found = (try? SpoolFile.contents(directory + "/endpoints", limit: Self.limit)) ?? nil
    if rules.learns, let found { _ = book.restore(found) }
    written = book.changes
  }

  /// Writes what was learned, if it is worth it.
  ///
  /// - Parameter atOnce: however short ago the last writing was.
  mutating func save(_ now: Timestamp, atOnce: Bool) throws(SystemError) {
    let age = now.seconds - lastWritten
    guard book.changes != written, atOnce || age >= Self.pause || age < 0 else { return }
    (written, lastWritten) = (book.changes, now.seconds)
    try SpoolFile.replace(directory + "/endpoints", in: directory, with: book.saved())
  }
}
