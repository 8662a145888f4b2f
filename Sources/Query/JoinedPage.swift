// SPDX-License-Identifier: Apache-2.0

internal import Catalog
internal import Storage

/// Calls or flows, one row each, whatever number of points saw them.
package struct JoinedPage: Hashable, Sendable {
  /// The columns of the client's record; `points`, all that saw it in the order of the way; and, of
  /// calls, `server_duration`: what the server took of it, where a second point saw that.
  package var answer: Answer
  /// Whether there are more than were asked for.
  package var isCut: Bool
}

extension QueryService {
  /// Records looked at, at most, to find as many rows as are wanted.
  private static let mostRecords = 20_000

  /// The first `limit` rows of those that `joined` makes of records, of which it may leave out some: as
  /// many records are asked for as it takes.
  ///
  /// - Parameters:
  ///   - isJoined: Whether `joined` leaves out any.
  ///   - statement: Asks for so many records, in the order of the rows.
  func page(
    limit: Int, isJoined: Bool, directory: any TagDirectory, statement: (Int) -> String,
    columns: (Answer) -> [AnswerColumn],
    joined: ([[Value]]) async throws(QueryError) -> [[Value]]
  ) async throws(QueryError) -> JoinedPage {
    var asked = isJoined ? limit * 3 + 1 : limit + 1
    while true {
      let found = try await run(statement(asked), directory: directory)
      let isCut = found.count >= asked
      var page = JoinedPage(answer: found, isCut: isCut)
      page.answer.columns = columns(found)
      page.answer.rows = try await joined(found.rows)
      if page.answer.rows.count > limit {
        page.answer.rows.removeLast(page.answer.rows.count - limit)
        page.isCut = true
        return page
      }
      guard isCut, isJoined, asked < Self.mostRecords else { return page }
      asked = min(Self.mostRecords, asked * 4)
    }
  }
}
