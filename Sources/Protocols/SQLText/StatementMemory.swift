// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What a prepared statement does, kept until it is executed: the texts that were made of its SQL.
struct PreparedStatement: Sendable {
  /// The resource, and behind it the endpoint.
  private var bytes: [UInt8] = []
  private var resourceCount = 0

  init() {}

  /// Takes the texts out of `fields`, which shares them with others that prepare the same.
  init(_ sql: SQLText, in fields: inout FieldBuffer) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(sql.resource.length + sql.endpoint.length))
    bytes.append(contentsOf: fields.bytes(sql.resource))
    resourceCount = bytes.count
    bytes.append(contentsOf: fields.bytes(sql.endpoint))
    self.bytes = fields.shared.share(bytes)
  }

  /// Whether both have their texts in the same memory.
  func sharesMemory(with other: PreparedStatement) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { first in
      unsafe other.bytes.withUnsafeBufferPointer { unsafe first.baseAddress == $0.baseAddress }
    }
  }

  /// Writes the resource and the endpoint of an execution.
  func describe(_ texts: inout CallTexts, into fields: inout FieldBuffer) {
    texts.requestResource = fields.append(bytes.span.extracting(first: resourceCount))
    texts.endpoint = fields.append(bytes.span.extracting(droppingFirst: resourceCount))
  }
}

/// The prepared statements of one connection, by the key under which they are executed. Bounded: the
/// one that was not used for the longest time makes room.
struct StatementMemory: Sendable {
  /// The text of a statement takes up to about 2 KiB, once for all connections that prepare it.
  static let capacity = 64

  private struct Entry: Sendable {
    var key: UInt64
    var lastUse: UInt64
    var statement: PreparedStatement
  }

  private var entries: [Entry] = []
  private var clock: UInt64 = 0

  mutating func remember(_ statement: PreparedStatement, as key: UInt64) {
    clock += 1
    let entry = Entry(key: key, lastUse: clock, statement: statement)
    if let index = entries.firstIndex(where: { $0.key == key }) {
      entries[index] = entry
    } else if entries.count < Self.capacity {
      entries.append(entry)
    } else if let oldest = entries.indices.min(by: { entries[$0].lastUse < entries[$1].lastUse }) {
      entries[oldest] = entry
    }
  }

  mutating func recall(_ key: UInt64) -> PreparedStatement? {
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    clock += 1
    entries[index].lastUse = clock
    return entries[index].statement
  }

  /// Knows what was remembered as `key` by `name` from here on.
  mutating func name(_ key: UInt64, _ name: UInt64) {
    guard let statement = recall(key) else { return }
    forget(key)
    remember(statement, as: name)
  }

  mutating func forget(_ key: UInt64) {
    entries.removeAll { $0.key == key }
  }
}
