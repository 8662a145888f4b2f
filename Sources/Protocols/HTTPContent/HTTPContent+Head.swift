// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Attributes that the head of a request gives: what it asks a store or a service of the cloud for.
extension HTTPContent {
  static func describe(
    _ source: Span<UInt8>, path: Range<Int>, host: Range<Int>, _ fields: Fields,
    on desk: inout Desk
  ) {
    if !fields.amazonTarget.isEmpty {
      describeAmazon(source, fields.amazonTarget.range, on: &desk)
    } else if !fields.soapAction.isEmpty {
      describeSOAP(source, fields.soapAction.range, on: &desk)
    } else if !fields.clickHouseDatabase.isEmpty {
      desk.fields.append(attribute: "db.system.name", "clickhouse", to: &desk.message.attributes)
      append("db.namespace", source, fields.clickHouseDatabase.range, on: &desk)
    } else if let slash = source.firstUnderscoredSegment(in: path) {
      describeSearch(source, path, slash, on: &desk)
    } else if source.hasLabelOfS3(in: host) {
      describeBucket(source, path, host, on: &desk)
    } else if source.isAll("/api/v2/write", at: path) || source.isAll("/api/v2/query", at: path) {
      desk.fields.append(attribute: "db.system.name", "influxdb", to: &desk.message.attributes)
      let isWrite = source.ends(in: "write", path)
      desk.fields.append(
        attribute: "db.operation.name", isWrite ? "write" : "query",
        to: &desk.message.attributes)
    }
  }

  /// `DynamoDB_20120810.GetItem`, `AmazonSQS.SendMessage`.
  private static func describeAmazon(
    _ source: Span<UInt8>, _ target: Range<Int>, on desk: inout Desk
  ) {
    guard source.isName(target),
      let dot = source.firstIndex(
        of: UInt8(ascii: "."), from: target.lowerBound, to: target.upperBound)
    else { return }
    desk.fields.append(attribute: "rpc.system", "aws-api", to: &desk.message.attributes)
    append("rpc.service", source, target.lowerBound..<dot, on: &desk)
    append("rpc.method", source, (dot + 1)..<target.upperBound, on: &desk)
  }

  /// `"http://example.org/Prices#GetPrice"`: the method is what stands last.
  private static func describeSOAP(
    _ source: Span<UInt8>, _ action: Range<Int>, on desk: inout Desk
  ) {
    var end = action.upperBound
    if end > action.lowerBound, source[end - 1] == UInt8(ascii: "\"") { end -= 1 }
    var start = end
    while start > action.lowerBound, source.isName((start - 1)..<start) { start -= 1 }
    guard start < end else { return }
    desk.fields.append(attribute: "rpc.system", "soap", to: &desk.message.attributes)
    append("rpc.method", source, start..<end, on: &desk)
  }

  /// `/orders-2026/_search`: Elasticsearch and OpenSearch.
  private static func describeSearch(
    _ source: Span<UInt8>, _ path: Range<Int>, _ slash: Int, on desk: inout Desk
  ) {
    let start = slash + 2
    let end =
      source.firstIndex(of: UInt8(ascii: "/"), from: start, to: path.upperBound) ?? path.upperBound
    guard source.isWord(in: searches, at: start..<end) else { return }
    desk.fields.append(attribute: "db.system.name", "elasticsearch", to: &desk.message.attributes)
    append("db.operation.name", source, start..<end, on: &desk)
    let index = (path.lowerBound + 1)..<max(path.lowerBound + 1, slash)
    if !index.isEmpty, source.isName(index) {
      append("db.collection.name", source, index, on: &desk)
    }
  }

  /// Operations whose names no other interface has in its paths.
  private static let searches: [StaticString] = [
    "SEARCH", "MSEARCH", "BULK", "DOC", "CREATE", "UPDATE", "COUNT", "MGET", "REINDEX",
    "DELETE_BY_QUERY", "UPDATE_BY_QUERY", "MAPPING", "MAPPINGS", "SETTINGS", "ALIAS", "ALIASES",
    "REFRESH", "CAT", "CLUSTER", "NODES", "ANALYZE", "EXPLAIN", "FIELD_CAPS", "ASYNC_SEARCH",
    "INDEX_TEMPLATE", "COMPONENT_TEMPLATE", "FORCEMERGE", "FLUSH", "STATS", "INGEST", "SNAPSHOT",
  ]

  /// `bucket.s3.region.amazonaws.com/key`, or `s3.region.amazonaws.com/bucket/key`.
  private static func describeBucket(
    _ source: Span<UInt8>, _ path: Range<Int>, _ host: Range<Int>, on desk: inout Desk
  ) {
    desk.fields.append(attribute: "rpc.system", "aws-api", to: &desk.message.attributes)
    desk.fields.append(attribute: "rpc.service", "S3", to: &desk.message.attributes)
    var bucket = host.lowerBound..<host.lowerBound
    if source.clipped(host).begins(with: "s3.") {
      let start = min(path.lowerBound + 1, path.upperBound)
      let end =
        source.firstIndex(of: UInt8(ascii: "/"), from: start, to: path.upperBound)
        ?? path.upperBound
      bucket = start..<end
    } else if let dot = source.place(of: ".s3", in: host) {
      bucket = host.lowerBound..<dot
    }
    if source.isName(bucket) { append("aws.s3.bucket", source, bucket, on: &desk) }
  }

  private static func append(
    _ name: StaticString, _ source: Span<UInt8>, _ range: Range<Int>, on desk: inout Desk
  ) {
    desk.fields.append(attribute: name, source.clipped(range), to: &desk.message.attributes)
  }
}

extension Span where Element == UInt8 {
  /// Where the slash stands in front of the first segment that begins with `_`.
  fileprivate func firstUnderscoredSegment(in path: Range<Int>) -> Int? {
    var start = path.lowerBound
    while let found = firstIndex(of: UInt8(ascii: "_"), from: start, to: path.upperBound) {
      if found > path.lowerBound, self[found - 1] == UInt8(ascii: "/") { return found - 1 }
      start = found + 1
    }
    return nil
  }

  /// Whether the bytes are a name as programs have them.
  fileprivate func isName(_ range: Range<Int>) -> Bool {
    for index in range {
      let byte = self[index]
      let isLetter = (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
      guard isLetter || byte == 0x2d || byte == 0x2e || byte == 0x5f else { return false }
    }
    return !range.isEmpty
  }

  fileprivate func isAll(_ text: StaticString, at range: Range<Int>) -> Bool {
    range.count == text.utf8CodeUnitCount && hasPrefix(text, at: range.lowerBound)
  }

  /// Where the text stands first.
  func place(of text: StaticString, in range: Range<Int>) -> Int? {
    guard text.utf8CodeUnitCount > 0 else { return nil }
    // Behind the last place where it finds room.
    let end = Swift.min(range.upperBound, count) - text.utf8CodeUnitCount + 1
    let first = unsafe text.utf8Start[0]
    var start = range.lowerBound
    while start < end, let found = firstIndex(of: first, from: start, to: end) {
      if hasPrefix(text, at: found) { return found }
      start = found + 1
    }
    return nil
  }

  /// Whether `s3` is a host's first label, or one in its middle, alone or with something behind a dash.
  fileprivate func hasLabelOfS3(in host: Range<Int>) -> Bool {
    // Few hosts have the digit.
    let name = clipped(host)
    let digit = name.firstIndex(of: UInt8(ascii: "3"), from: 0, to: name.count)
    guard digit != nil else { return false }
    if name.begins(with: "s3.") { return true }
    guard let dot = place(of: ".s3", in: host) else { return false }
    let end = dot + 3
    return end < host.upperBound
      && (self[end] == UInt8(ascii: ".") || self[end] == UInt8(ascii: "-"))
      && place(of: ".amazonaws.", in: host) != nil
  }
}
