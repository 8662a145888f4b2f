// SPDX-License-Identifier: Apache-2.0

internal import Storage
internal import Telemetry

extension QueryService {
  /// Keys in one statement, and seconds that are worth naming: more are a range.
  private static let mostHashes = 5_000
  static let mostSeconds = 2_000

  /// The seconds of a range in which calls have one of the keys, or another one of the same number.
  ///
  /// - Returns: Nil where there are too many to be told.
  func seconds(
    having hashes: some Collection<UInt32>, in range: ClosedRange<Int64>
  ) async throws(QueryError) -> [Int64]? {
    guard hashes.count <= Self.mostHashes else { return nil }
    guard !hashes.isEmpty else { return [] }
    let answer = try await ask(
      "SELECT DISTINCT toUnixTimestamp(time) FROM \(TableDeclaration.traceIndex) "
        + "WHERE key IN (\(EngineSQL.list(hashes.sorted()))) "
        + "AND time >= \(max(0, range.lowerBound)) AND time <= \(max(0, range.upperBound)) "
        + "LIMIT \(Self.mostSeconds + 1)")
    let found = answer.table.rows.compactMap { $0.first.map { Int64(clamping: $0.number) } }
    return found.count > Self.mostSeconds ? nil : found.sorted()
  }
}
