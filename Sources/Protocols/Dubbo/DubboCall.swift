// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What a request says of itself before its arguments and behind them; the arguments are passed over.
struct DubboCall {
  private(set) var version = DubboText()
  private(set) var service = DubboText()
  private(set) var serviceVersion = DubboText()
  private(set) var method = DubboText()
  private(set) var attachments = DubboAttachments()

  init(_ header: DubboHeader, _ bytes: Span<UInt8>) {
    guard var reader = DubboReader(header, to: DubboHeader.size + header.length) else { return }
    do throws(EndOfBytes) {
      version = try reader.text(in: bytes)
      service = try reader.text(in: bytes)
      serviceVersion = try reader.text(in: bytes)
      method = try reader.text(in: bytes)
      let types = try readTypes(&reader, in: bytes)
      try readRest(&reader, types: types, in: bytes)
    } catch {
      // What was read before stands.
    }
  }

  /// The types of the arguments, as in class files: `[ILjava/lang/String;`.
  private func readTypes(
    _ reader: inout DubboReader, in bytes: Span<UInt8>
  ) throws(EndOfBytes) -> Range<Int> {
    if reader.form == .kryo {
      // Dubbox counts the arguments instead, where it knows the method.
      var cursor = reader.hessian.cursor
      let count = try cursor.number(of: 4, in: bytes)
      if count < 256 || count == 0xffff_ffff { reader.hessian.cursor = cursor }
      if count < 256 { return 0..<0 }
    }
    return try reader.text(in: bytes).range
  }

  private mutating func readRest(
    _ reader: inout DubboReader, types: Range<Int>, in bytes: Span<UInt8>
  ) throws(EndOfBytes) {
    var arguments = Self.count(types, in: bytes)
    if isGeneric(in: bytes), arguments > 0, reader.form == .hessian || reader.form == .frames {
      method = try reader.text(in: bytes)
      arguments -= 1
    }
    switch reader.form {
    case .hessian:
      try reader.hessian.skip(arguments, in: bytes)
      try attachments.read(map: &reader.hessian, in: bytes)
    case .frames:
      for _ in 0..<arguments { _ = try reader.frame(in: bytes) }
      var frame = try reader.frame(in: bytes)
      try attachments.read(jsonb: &frame, in: bytes)
    case .lines:
      for _ in 0..<arguments { _ = try reader.line(in: bytes) }
      attachments.read(json: try reader.line(in: bytes), in: bytes)
    case .kryo: attachments.search(kryo: reader.hessian.cursor, in: bytes)
    case .java, .nativeJava: attachments.search(java: reader.hessian.cursor, in: bytes)
    }
  }

  /// Whether the method is that of `GenericService`, whose first argument is the name of the real one.
  private func isGeneric(in bytes: Span<UInt8>) -> Bool {
    bytes.isText("$invoke", at: method.range) || bytes.isText("$invokeAsync", at: method.range)
  }

  private static func count(_ types: Range<Int>, in bytes: Span<UInt8>) -> Int {
    var count = 0
    var place = types.lowerBound
    while place < types.upperBound {
      if bytes[place] == UInt8(ascii: "L") {
        place = bytes.firstIndex(of: 0x3b, from: place, to: types.upperBound) ?? types.upperBound
      }
      if bytes[place < types.upperBound ? place : place - 1] != UInt8(ascii: "[") { count += 1 }
      place += 1
    }
    return count
  }

  /// Writes what is shown.
  func describe(_ header: DubboHeader, _ bytes: Span<UInt8>, on desk: inout Desk) {
    desk.message.texts.version = desk.fields.append(version, of: bytes)
    desk.message.texts.requestType = desk.fields.append(method, of: bytes)
    desk.message.texts.requestDomain = desk.fields.append(service, of: bytes)
    desk.message.texts.requestResource = desk.message.texts.requestDomain
    if !service.isEmpty {
      let mark = desk.fields.mark
      desk.fields.push(service, of: bytes)
      if !method.isEmpty {
        desk.fields.push(UInt8(ascii: "/"))
        desk.fields.push(method, of: bytes)
      }
      desk.message.texts.endpoint = desk.fields.finish(from: mark)
    }
    attachments.describe(on: &desk)
    if let name = header.serialization.name {
      desk.fields.append(attribute: "dubbo.serialization", name, to: &desk.message.attributes)
    }
    attachments.describe("dubbo.service_version", serviceVersion, bytes, on: &desk)
    attachments.describe("dubbo.group", attachments.group, bytes, on: &desk)
    attachments.describe("dubbo.application", attachments.application, bytes, on: &desk)
  }
}

extension FieldBuffer {
  mutating func push(_ text: DubboText, of bytes: Span<UInt8>) {
    guard text.isMarked else { return push(bytes.clipped(text.range)) }
    for index in text.range { push(text.byte(index, of: bytes)) }
  }

  mutating func append(_ text: DubboText, of bytes: Span<UInt8>) -> Text {
    let mark = self.mark
    push(text, of: bytes)
    return finish(from: mark)
  }
}
