// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// How a command went.
struct MongoDBAnswer {
  private var ok: Int64?
  private var code: Int64?
  private var codeName: Range<Int> = 0..<0
  private var text: Range<Int> = 0..<0
  private var rows: UInt64?
  private var isConcern = false
  private var hasError = false
  /// Whether the first element is one that only answers of success have.
  private var beginsWell = false
  private var isWhole = false

  /// Describes the answer whose body stands at `start` and reaches up to `end`.
  static func describe(
    _ bytes: Span<UInt8>, _ start: Int, _ operation: MongoDBOperation, _ end: Int,
    on desk: inout Desk
  ) {
    var answer = MongoDBAnswer()
    if operation == .reply {
      guard answer.readReply(bytes, start, end) else {
        desk.message.status = .unknown
        return
      }
    } else {
      // Flags, the kind of the section, and the document, which answers have first.
      if start <= bytes.count - 5, bytes[start + 4] == 0 {
        answer.read(bytes, BSONDocument(bytes, at: start + 5, limit: end))
      }
      if answer.ok == nil, !answer.hasError, !answer.beginsWell || answer.isWhole {
        desk.message.status = .unknown
        return
      }
    }
    answer.write(bytes, on: &desk)
  }

  /// OP_REPLY: flags, a cursor, two counts, documents. False when too little is in view.
  private mutating func readReply(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    guard start <= bytes.count - 20 else { return false }
    let flags = bytes.littleEndian32(at: start)
    rows = UInt64(bytes.littleEndian32(at: start + 16))
    let document = BSONDocument(bytes, at: start + 20, limit: end)
    if rows == 1 { read(bytes, document) }
    if flags & 1 != 0 {
      hasError = true
      code = code ?? 43
    }
    if flags & 2 != 0 { hasError = true }
    return true
  }

  private mutating func read(_ bytes: Span<UInt8>, _ document: BSONDocument?) {
    guard var document else { return }
    var isFirst = true
    while let element = document.next(in: bytes) {
      take(element, bytes, isFirst: isFirst)
      isFirst = false
    }
    isWhole = document.isAtEnd(in: bytes)
  }

  private mutating func take(
    _ element: BSONDocument.Element, _ bytes: Span<UInt8>, isFirst: Bool
  ) {
    let name = element.name
    if bytes.equals("ok", at: name) {
      ok = element.number(in: bytes)
    } else if bytes.equals("cursor", at: name), element.isDocument {
      beginsWell = isFirst
      rows = Self.rows(ofCursor: element.value, bytes)
    } else if bytes.equals("n", at: name) {
      rows = element.number(in: bytes).flatMap { UInt64(exactly: $0) }
    } else if bytes.equals("writeErrors", at: name), element.isArray {
      takeFirst(of: element.value, bytes)
    } else if bytes.equals("writeConcernError", at: name), element.isDocument {
      isConcern = !hasError
      hasError = true
      takeError(element.value, bytes)
    } else if bytes.equals("code", at: name) {
      code = element.number(in: bytes) ?? code
    } else if bytes.equals("codeName", at: name) {
      codeName = element.text(in: bytes) ?? codeName
    } else if bytes.equals("errmsg", at: name) || bytes.equals("$err", at: name)
      || bytes.equals("err", at: name), let found = element.text(in: bytes)
    {
      text = found
      if !bytes.equals("errmsg", at: name) { hasError = true }
    }
  }

  /// How many documents a cursor gives; nil when not all of them are in view.
  private static func rows(ofCursor cursor: Range<Int>, _ bytes: Span<UInt8>) -> UInt64? {
    var fields = BSONDocument(bytes, at: cursor.lowerBound, limit: cursor.upperBound)
    while let field = fields?.next(in: bytes) {
      guard field.isArray,
        bytes.equals("firstBatch", at: field.name) || bytes.equals("nextBatch", at: field.name),
        var batch = BSONDocument(bytes, at: field.value.lowerBound, limit: field.value.upperBound)
      else { continue }
      var count: UInt64 = 0
      while batch.next(in: bytes) != nil { count += 1 }
      return batch.isAtEnd(in: bytes) ? count : nil
    }
    return nil
  }

  private mutating func takeFirst(of errors: Range<Int>, _ bytes: Span<UInt8>) {
    var list = BSONDocument(bytes, at: errors.lowerBound, limit: errors.upperBound)
    guard let first = list?.next(in: bytes), first.isDocument else { return }
    hasError = true
    isConcern = false
    takeError(first.value, bytes)
  }

  private mutating func takeError(_ error: Range<Int>, _ bytes: Span<UInt8>) {
    var fields = BSONDocument(bytes, at: error.lowerBound, limit: error.upperBound)
    while let field = fields?.next(in: bytes) {
      if bytes.equals("code", at: field.name) { code = field.number(in: bytes) ?? code }
      if bytes.equals("codeName", at: field.name) { codeName = field.text(in: bytes) ?? codeName }
      if bytes.equals("errmsg", at: field.name) { text = field.text(in: bytes) ?? text }
    }
  }

  private func write(_ bytes: Span<UInt8>, on desk: inout Desk) {
    desk.message.affectedRows = rows
    guard ok == 0 || hasError else { return }
    desk.message.code = code.map { Int32(truncatingIfNeeded: $0) }
    desk.message.status = isConcern ? .serverError : MongoDBErrorCode.status(code)
    let mark = desk.fields.mark
    desk.fields.push(bytes.clipped(codeName))
    if !text.isEmpty {
      if !codeName.isEmpty { desk.fields.push(": ") }
      let shown = MongoDBErrorCode.shown(bytes, text)
      desk.fields.push(freeText: bytes, shown)
      if shown.count < text.count { desk.fields.push("?") }
    }
    desk.message.texts.responseException = desk.fields.finish(from: mark)
  }
}
