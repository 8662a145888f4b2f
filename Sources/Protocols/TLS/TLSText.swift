// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// Writes what is shown of a handshake.
enum TLSText {
  /// The client's half.
  static func describe(
    _ hello: TLSClientHello, _ bytes: Span<UInt8>, isDatagram: Bool, on desk: inout Desk
  ) {
    desk.message.texts.requestType = desk.fields.append("ClientHello")
    let name = desk.fields.append(bytes.clipped(hello.serverName))
    desk.message.texts.requestDomain = name
    desk.message.texts.requestResource = name
    desk.message.texts.endpoint = name
    appendVersions(hello, bytes, on: &desk)
    appendProtocols(hello.protocols, bytes, on: &desk)
    if hello.isWhole {
      JA4(hello, bytes, transport: UInt8(ascii: isDatagram ? "d" : "t"))
        .append(as: "tls.client.ja4", on: &desk)
    } else {
      desk.message.flags.insert(.truncated)
    }
    if hello.hidesName {
      desk.fields.append(attribute: "tls.client.ech", "true", to: &desk.message.attributes)
    }
  }

  private static func appendVersions(
    _ hello: TLSClientHello, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    var text = TLSList()
    for place in stride(from: hello.versions.lowerBound, to: hello.versions.upperBound - 1, by: 2) {
      let value = Int(bytes[place]) << 8 | Int(bytes[place + 1])
      if let name = TLSNumbers.version(value) { text.add(name) }
    }
    if hello.versions.isEmpty, let name = TLSNumbers.version(hello.version) { text.add(name) }
    desk.fields.append(
      attribute: "tls.client.versions", text.bytes, to: &desk.message.attributes)
  }

  private static func appendProtocols(
    _ protocols: Range<Int>, _ bytes: Span<UInt8>, on desk: inout Desk
  ) {
    var text = TLSList()
    var cursor = ByteCursor(at: protocols.lowerBound, to: protocols.upperBound)
    while cursor.remaining > 0, let length = try? cursor.byte(in: bytes),
      let name = try? cursor.range(of: Int(length), in: bytes)
    {
      text.add(bytes.clipped(name))
    }
    desk.fields.append(attribute: "tls.client.alpn", text.bytes, to: &desk.message.attributes)
  }

  /// The server's half.
  static func describe(
    _ hello: TLSServerHello, _ bytes: Span<UInt8>, isResumed: Bool, on desk: inout Desk
  ) {
    if let version = TLSNumbers.version(hello.version) {
      desk.message.texts.version = desk.fields.append(version)
    }
    if let cipher = TLSNumbers.cipher(hello.cipher) {
      desk.message.texts.responseResult = desk.fields.append(cipher)
      desk.fields.append(attribute: "tls.cipher", cipher, to: &desk.message.attributes)
    } else {
      var text = TLSList()
      text.add(hexadecimal: hello.cipher)
      desk.message.texts.responseResult = desk.fields.append(text.bytes)
      desk.fields.append(attribute: "tls.cipher", text.bytes, to: &desk.message.attributes)
    }
    if let group = hello.group.flatMap(TLSNumbers.group) {
      desk.fields.append(attribute: "tls.curve", group, to: &desk.message.attributes)
    }
    desk.fields.append(
      attribute: "tls.next_protocol", bytes.clipped(hello.agreed), to: &desk.message.attributes)
    if isResumed {
      desk.fields.append(attribute: "tls.resumed", "true", to: &desk.message.attributes)
    }
  }

  static func describe(_ alert: TLSAlert, saidBy side: Side, on desk: inout Desk) {
    desk.message.status = alert.blame(saidBy: side)
    desk.message.code = Int32(alert.number)
    if let name = alert.name { desk.message.texts.responseException = desk.fields.append(name) }
  }
}

/// Words with blanks between them, as many as there is room for.
struct TLSList {
  private var letters = InlineArray<128, UInt8>(repeating: 0)
  private var count = 0

  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { letters.span.clipped(from: 0, to: count) }
  }

  mutating func add(_ word: Span<UInt8>) {
    guard !word.isEmpty, count + 1 + word.count <= letters.count else { return }
    for index in word.indices where word[index] < 0x20 || word[index] >= 0x7f { return }
    if count > 0 { push(0x20) }
    for index in word.indices { push(word[index]) }
  }

  mutating func add(_ word: StaticString) {
    word.withUTF8Buffer { buffer in add(unsafe buffer.span) }
  }

  mutating func add(hexadecimal value: Int) {
    add("0x")
    for shift in stride(from: 12, through: 0, by: -4) {
      let digit = UInt8(value >> shift & 15)
      push(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  private mutating func push(_ letter: UInt8) {
    guard count < letters.count else { return }
    letters[count] = letter
    count += 1
  }
}
