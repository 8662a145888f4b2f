// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What a request asks for.
struct MongoDBCommand {
  private var name: Range<Int> = 0..<0
  private var collection: Range<Int> = 0..<0
  private var database: Range<Int> = 0..<0
  /// What the client's program calls itself, in hello.
  private var application: Range<Int> = 0..<0

  /// Describes a request whose body is not read.
  static func describe(_ operation: MongoDBOperation, on desk: inout Desk) {
    desk.fields.append(
      attribute: "mongodb.operation", operation.name, to: &desk.message.attributes)
  }

  /// Describes the request whose body stands at `start` and reaches up to `end`.
  static func describe(
    _ bytes: Span<UInt8>, _ start: Int, _ operation: MongoDBOperation, _ end: Int,
    on desk: inout Desk
  ) {
    var command = MongoDBCommand()
    switch operation {
    case .message:
      guard start <= bytes.count - 4 else { break }
      let flags = MongoDBFlags(rawValue: bytes.littleEndian32(at: start))
      if flags.moreToCome { desk.message.kind = .session }
      desk.message.parts = command.readSections(
        bytes, start + 4, end - (flags.hasChecksum ? 4 : 0))
    case .query: command.readQuery(bytes, start, end)
    case .insert, .update, .delete, .getMore: _ = command.readNamespace(bytes, start + 4)
    case .killCursors, .reply, .compressed: break
    }
    command.write(bytes, operation, on: &desk)
  }

  /// Sections of OP_MSG: a document, and sequences of documents. How many of these there are.
  private mutating func readSections(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt32 {
    var place = start
    var documents: UInt32 = 0
    while place < end, place < bytes.count {
      let kind = bytes[place]
      if kind == 0 {
        guard let document = BSONDocument(bytes, at: place + 1, limit: end) else { break }
        readCommand(bytes, document)
        place = document.end
      } else if kind == 1, place <= bytes.count - 5 {
        let size = Int(bytes.littleEndian32(at: place + 1))
        guard size >= 5, size <= end - place - 1 else { break }
        let next = place + 1 + size
        if let nameEnd = bytes.firstIndex(of: 0, from: place + 5, to: bytes.count) {
          documents &+= Self.count(bytes, nameEnd + 1, next)
        }
        place = next
      } else {
        break
      }
    }
    return documents
  }

  /// Documents from `start` to `end`, as far as they are in view.
  private static func count(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt32 {
    var place = start
    var count: UInt32 = 0
    while place < end, let document = BSONDocument(bytes, at: place, limit: end) {
      count &+= 1
      place = document.end
    }
    return count
  }

  private mutating func readCommand(_ bytes: Span<UInt8>, _ document: BSONDocument) {
    var document = document
    guard let first = document.next(in: bytes) else { return }
    name = first.name
    if Self.namesCollection(bytes, first.name), let text = first.text(in: bytes) {
      collection = text
    }
    let isExplain = bytes.equals("explain", at: name) && first.isDocument
    if isExplain,
      var inner = BSONDocument(bytes, at: first.value.lowerBound, limit: first.value.upperBound),
      let command = inner.next(in: bytes), Self.namesCollection(bytes, command.name)
    {
      collection = command.text(in: bytes) ?? collection
    }
    while let element = document.next(in: bytes) {
      if bytes.equals("$db", at: element.name) {
        database = element.text(in: bytes) ?? database
      } else if bytes.equals("collection", at: element.name), bytes.equals("getMore", at: name) {
        collection = element.text(in: bytes) ?? collection
      } else if bytes.equals("client", at: element.name), element.isDocument {
        application = Self.application(bytes, element.value) ?? application
      }
    }
  }

  /// `client.application.name` of the handshake.
  private static func application(_ bytes: Span<UInt8>, _ client: Range<Int>) -> Range<Int>? {
    var fields = BSONDocument(bytes, at: client.lowerBound, limit: client.upperBound)
    while let field = fields?.next(in: bytes) {
      guard field.isDocument, bytes.equals("application", at: field.name) else { continue }
      var inner = BSONDocument(bytes, at: field.value.lowerBound, limit: field.value.upperBound)
      while let element = inner?.next(in: bytes) {
        if bytes.equals("name", at: element.name) { return element.text(in: bytes) }
      }
    }
    return nil
  }

  /// OP_QUERY: flags, a name, two numbers, and the query; a command where the name's end is `$cmd`.
  private mutating func readQuery(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    guard let next = readNamespace(bytes, start + 4),
      let document = BSONDocument(bytes, at: next + 8, limit: end)
    else { return }
    guard bytes.equals("$cmd", at: collection) else { return }
    collection = 0..<0
    var query = document
    if let first = query.next(in: bytes), first.isDocument,
      bytes.equals("$query", at: first.name) || bytes.equals("query", at: first.name),
      let inner = BSONDocument(bytes, at: first.value.lowerBound, limit: first.value.upperBound)
    {
      return readCommand(bytes, inner)
    }
    readCommand(bytes, document)
  }

  /// `database.collection`; where it ends.
  private mutating func readNamespace(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
    guard start < bytes.count, let end = bytes.firstIndex(of: 0, from: start, to: bytes.count)
    else { return nil }
    guard let dot = bytes.firstIndex(of: UInt8(ascii: "."), from: start, to: end) else {
      database = start..<end
      return end + 1
    }
    database = start..<dot
    collection = (dot + 1)..<end
    return end + 1
  }

  private func write(_ bytes: Span<UInt8>, _ operation: MongoDBOperation, on desk: inout Desk) {
    let type = desk.fields.mark
    pushName(bytes, operation, into: &desk.fields)
    desk.message.texts.requestType = desk.fields.finish(from: type)
    desk.message.texts.requestDomain = desk.fields.append(bytes, at: database)
    let resource = desk.fields.mark
    desk.fields.push(bytes.clipped(database))
    if !collection.isEmpty {
      if !database.isEmpty { desk.fields.push(UInt8(ascii: ".")) }
      desk.fields.push(bytes.clipped(collection))
    }
    desk.message.texts.requestResource = desk.fields.finish(from: resource)
    let endpoint = desk.fields.mark
    pushName(bytes, operation, into: &desk.fields)
    if !database.isEmpty || !collection.isEmpty {
      desk.fields.push(0x20)
      desk.fields.push(patternOf: bytes.clipped(database))
      if !collection.isEmpty {
        if !database.isEmpty { desk.fields.push(UInt8(ascii: ".")) }
        desk.fields.push(patternOf: bytes.clipped(collection))
      }
    }
    desk.message.texts.endpoint = desk.fields.finish(from: endpoint)
    Self.describe(operation, on: &desk)
    desk.fields.append(
      attribute: "mongodb.collection", bytes.clipped(collection), to: &desk.message.attributes)
    desk.fields.append(
      attribute: "mongodb.application", bytes.clipped(application), to: &desk.message.attributes)
  }

  private func pushName(
    _ bytes: Span<UInt8>, _ operation: MongoDBOperation, into fields: inout FieldBuffer
  ) {
    switch operation {
    case .query where name.isEmpty: fields.push("find")
    case .insert: fields.push("insert")
    case .update: fields.push("update")
    case .delete: fields.push("delete")
    case .getMore: fields.push("getMore")
    case .killCursors: fields.push("killCursors")
    default: if Self.isWord(bytes, name) { fields.push(bytes.clipped(name)) }
    }
  }

  /// Whether it may be a command's name: what else stands in its place may be anything.
  private static func isWord(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count <= 64 else { return false }
    for index in range {
      let byte = bytes[index]
      let isLetter = (byte | 0x20) &- 0x61 < 26
      guard isLetter || byte &- 0x30 < 10 || byte == 0x5f || byte == 0x24 else { return false }
    }
    return true
  }

  private static func namesCollection(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
    collectionCommands.contains { bytes.equals($0, at: name) }
  }

  /// Commands whose own value is a collection's name.
  private static let collectionCommands: [StaticString] = [
    "find", "insert", "update", "delete", "aggregate", "count", "distinct", "findAndModify",
    "findandmodify", "createIndexes", "listIndexes", "dropIndexes", "create", "drop", "collMod",
    "collStats", "collstats", "validate", "mapReduce", "mapreduce", "group", "geoNear", "compact",
    "reIndex", "killCursors", "renameCollection", "shardCollection", "convertToCapped",
    "planCacheClear", "createSearchIndexes", "deleteIndexes",
  ]
}
