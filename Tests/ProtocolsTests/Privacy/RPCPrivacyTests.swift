// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Arguments, results, what is sent along, texts of errors; see ``SecretPropertyTests``.
@Suite struct RPCPrivacyTests {
  private typealias T = RPCTalks

  private static let mark = SecretPropertyTests.mark
  private static let secret = Array(mark.utf8)
  private static let hidden = "'Zq9xWv7k'"

  private func search(_ kind: any ProtocolKind, _ talks: Talk...) {
    SecretPropertyTests().search(kind, talks)
  }

  @Test func sofaRPC() {
    search(SofaRPC(), T.boltRequest(method: "m", ["token": Self.mark], body: Self.secret))
    search(
      SofaRPC(), T.boltRequest(method: "m"),
      T.boltResponse(body: T.sofaBody(isError: true, text: Self.mark)))
    search(SofaRPC(), T.boltRequest(method: "m"), T.boltResponse(body: Self.secret))
  }

  @Test func bRPC() {
    let field = T.field(9, T.field(1, Array("k".utf8)) + T.field(2, Self.secret))
    search(BRPC(), T.brpcRequest(method: "m", field + T.field(7, Self.secret)))
    search(BRPC(), T.brpcRequest(method: "m"), T.brpcResponse(body: Self.secret))
    for text in ["no '\(Self.mark)' here", "token=\(Self.mark)"] {
      search(BRPC(), T.brpcRequest(method: "m"), T.brpcResponse(code: [5], text: text))
    }
  }

  @Test func tars() {
    search(Tars(), T.tarsRequest(function: "m", arguments: Self.secret, context: ["k": Self.mark]))
    search(Tars(), T.tarsRequest(function: "m"), T.tarsResponse(body: Self.secret))
  }

  @Test func thrift() {
    func binary(_ type: String, _ body: String) -> [UInt8] {
      KafkaTalks.bytes("800100\(type) 00000001 'm' 00000001 \(body)")
    }
    for text in [
      binary("01", "0b 0001 00000008 \(Self.hidden) 00"),
      binary("02", "0b 0000 00000008 \(Self.hidden) 00"),
      binary("03", "0b 0001 0000000e 'no' 20 22 \(Self.hidden) 22 2e 08 0002 00000006 00"),
    ] {
      search(Thrift(), Talk(.server, bytes: text))
      search(
        Thrift(), Talk(.server, bytes: KafkaTalks.number(UInt32(text.count)) + text))
    }
  }

  @Test func fastCGI() {
    search(
      FastCGI(),
      FastCGITalks.request(
        [
          "REQUEST_METHOD": "GET", "REQUEST_URI": "/a?token=\(Self.mark)",
          "QUERY_STRING": "token=\(Self.mark)", "HTTP_COOKIE": "sid=\(Self.mark)",
          "HTTP_AUTHORIZATION": "Bearer \(Self.mark)", "PHP_AUTH_PW": Self.mark,
          "SCRIPT_FILENAME": "proxy:balancer://a/b?token=\(Self.mark)",
          "HTTP_REFERER": "http://a:\(Self.mark)@h/?b=\(Self.mark)",
        ], body: Self.secret))
    search(
      FastCGI(), FastCGITalks.request(["REQUEST_URI": "/"]),
      FastCGITalks.response("Set-Cookie: \(Self.mark)\r\n\r\n\(Self.mark)"))
  }

  @Test func someIP() {
    let body = KafkaTalks.bytes("00290004 00000010 00010001 01010000 \(Self.hidden)")
    search(SOMEIP(), Talk(.client, bytes: body))
  }
}
