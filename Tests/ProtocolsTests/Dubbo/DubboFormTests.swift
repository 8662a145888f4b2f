// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// The same call in what else Dubbo's users write.
@Suite struct DubboFormTests {
  private func expect(
    _ flags: UInt8, _ body: [UInt8], _ name: String, trace: String = "0000000000000001"
  ) {
    expectMessages(
      Dubbo(), DubboTalks.message(.client, 0xc0 | flags, 0, 7, body),
      gives: [
        ExpectedMessage(
          .request, version: "2.0.2", requestType: "buy", requestDomain: "a.Shop",
          endpoint: "a.Shop/buy", traceID: trace,
          attributes: ["dubbo.serialization": name, "dubbo.service_version": "1.0"])
      ])
  }

  private static let b3 = "0000000000000001-0000000000000002-1"

  /// As Kryo's `Output.writeString` has it: the last letter of ASCII is marked.
  private static func kryo(_ text: String) -> [UInt8] {
    var bytes = Array(text.utf8)
    if bytes.count < 2 { return [0x80 | UInt8(bytes.count + 1)] + bytes }
    bytes[bytes.count - 1] |= 0x80
    return bytes
  }

  @Test(arguments: [8, 25] as [UInt8]) func kryo(flags: UInt8) {
    let map: [UInt8] =
      [0x23, 1, 2] + [3, 1] + Self.kryo("path") + [3, 1] + Self.kryo("a.Shop") + [3, 1]
      + Self.kryo("b3") + [3, 1] + Self.kryo(Self.b3)
    let argument: [UInt8] = [3, 1] + [0xc1, 1] + Array(repeating: 0x61, count: 64)
    let head = ["2.0.2", "a.Shop", "1.0", "buy"].flatMap(Self.kryo)
    // With the types of its arguments, or, as Dubbox does, their count, or -1 and the types.
    let types = Self.kryo("Ljava/lang/String;")
    let name = flags == 8 ? "kryo" : "kryo2"
    for rest in [types, [0, 0, 0, 1], [0xff, 0xff, 0xff, 0xff] + types] {
      expect(flags, head + rest + argument + map, name)
    }
  }

  /// Lengths of four bytes, then JSONB.
  @Test func fastjson2() {
    func frame(_ bytes: [UInt8]) -> [UInt8] { KafkaTalks.number(UInt32(bytes.count)) + bytes }
    func text(_ text: String) -> [UInt8] {
      let count = UInt8(text.utf8.count)
      return (count < 48 ? [0x49 + count] : [0x79, 0x38, count]) + Array(text.utf8)
    }
    let head = ["2.0.2", "a.Shop", "1.0", "buy", "Ljava/lang/String;"].flatMap { frame(text($0)) }
    let map = [0xa6] + text("path") + text("a.Shop") + text("b3") + text(Self.b3) + [0xa5]
    expect(23, head + frame(text("secret")) + frame(map), "fastjson2")
    expect(
      23, head + frame([0xa6, 0xa5]) + frame([0x92] + text("java.util.HashMap") + [0] + map),
      "fastjson2")
    let thrown = frame([0xbd, 0]) + frame([0x92] + text("a.SoldOut") + [0, 0xa6, 0xa5])
    expectMessages(
      Dubbo(), DubboTalks.message(.server, 23, 20, 7, thrown),
      gives: [ExpectedMessage(.response, status: .serverError, responseException: "a.SoldOut")])
  }

  @Test(arguments: [(6, "fastjson"), (16, "gson")] as [(UInt8, String)])
  func lines(flags: UInt8, name: String) {
    let text = """
      "2.0.2"
      "a.Shop"
      "1.0"
      "buy"
      "Ljava/lang/String;I"
      "a \\" b"
      12
      {"path":"a.Shop","n":1,"b3":"\(Self.b3)"}

      """
    expect(flags, Array(text.utf8), name)
    expectMessages(
      Dubbo(), DubboTalks.message(.server, flags, 60, 7, Array("\"no such service\"\n".utf8)),
      gives: [ExpectedMessage(.response, code: 60, responseException: "no such service")])
  }

  @Test(arguments: [(3, "java"), (7, "nativejava")] as [(UInt8, String)])
  func java(flags: UInt8, name: String) {
    func utf(_ text: String) -> [UInt8] { [0, UInt8(text.utf8.count)] + Array(text.utf8) }
    let texts = ["2.0.2", "a.Shop", "1.0", "buy", "Ljava/lang/String;"].flatMap {
      (text: String) -> [UInt8] in
      (flags == 3 ? [0, 0, 0, UInt8(text.utf8.count)] : []) + utf(text)
    }
    let pairs = ["path", "a.Shop", "b3", Self.b3].flatMap { (text: String) -> [UInt8] in
      [0x74] + utf(text)
    }
    let front: [UInt8] = [0xac, 0xed, 0, 5, 0x77, UInt8(texts.count)]
    let body = front + texts + [0x74, 0, 1, 0x61] + pairs
    expect(flags, body, name)
    let thrown: [UInt8] =
      [0xac, 0xed, 0, 5, 0x77, 1, 0, 0x73, 0x72] + utf("a.SoldOut") + [1, 2, 3]
    expectMessages(
      Dubbo(), DubboTalks.message(.server, flags, 20, 7, thrown),
      gives: [ExpectedMessage(.response, status: .serverError, responseException: "a.SoldOut")])
  }

  /// Of what cannot be read, the call alone is told.
  @Test(arguments: [9, 12, 22, 31] as [UInt8]) func others(flags: UInt8) {
    expectMessages(
      Dubbo(), DubboTalks.message(.client, 0xc0 | flags, 0, 7, Array(1...40)),
      DubboTalks.message(.server, flags, 20, 7, [1, 2]),
      gives: [
        ExpectedMessage(.request, requestType: "", endpoint: "", requestID: 7),
        ExpectedMessage(.response, status: .ok, code: 20),
      ])
  }
}
