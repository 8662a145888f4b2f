// SPDX-License-Identifier: Apache-2.0

package import Catalog

/// By what a trace is asked for.
package enum TraceSeed: Hashable, Sendable {
  /// `_id` of any record of a call.
  case record(UInt64)
  case trace(String)
  /// An `X-Request-ID`.
  case identifier(String)
}

extension QueryService {
  /// The trace that the call, or the calls, named by `seed` are part of.
  ///
  /// - Parameter time: Seconds in which ids are looked for; a record is found by its number.
  /// - Returns: Nil when there is no such call.
  package func trace(
    _ seed: TraceSeed, in time: ClosedRange<Int64>, directory: any TagDirectory
  ) async throws(QueryError) -> Trace? {
    var search = TraceSearch(service: self, directory: directory)
    guard try await search.begin([seed], in: time) else { return nil }
    while try await search.isRoundDone() {}
    return search.trace()
  }

  /// Why the call of record `id` stands below that of record `parent`, or does not.
  ///
  /// - Returns: Nil when one of them is not there.
  package func explanation(
    of id: UInt64, below parent: UInt64, directory: any TagDirectory
  ) async throws(QueryError) -> TraceExplanation? {
    var search = TraceSearch(service: self, directory: directory)
    guard try await search.begin([.record(id), .record(parent)], in: 0...0) else { return nil }
    while try await search.isRoundDone() {}
    return search.explanation(of: id, below: parent)
  }
}
