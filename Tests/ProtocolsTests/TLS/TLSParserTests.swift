// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct TLSParserTests {
  private typealias T = TLSTalks

  private static let asked13 = ExpectedMessage(
    .request, requestType: "ClientHello", requestDomain: "shop.example",
    requestResource: "shop.example", endpoint: "shop.example",
    attributes: [
      "tls.client.versions": "1.3 1.2 1.1 1.0", "tls.client.alpn": "h2 http/1.1",
      "tls.client.ja4": "t13d0911h2_a3799ae10e19_e7b67f3b14e7",
    ])

  @Test func ofVersion13() {
    expectMessages(
      TLS(), Talk(.client, bytes: T.handshake(T.hello13)),
      Talk(.server, bytes: T.handshake(T.choice13) + T.changeCipherSpec + T.hidden()),
      gives: [
        Self.asked13,
        ExpectedMessage(
          .response, version: "1.3", status: .ok, responseException: "",
          responseResult: "TLS_AES_128_GCM_SHA256",
          attributes: ["tls.cipher": "TLS_AES_128_GCM_SHA256", "tls.curve": "x25519"]),
      ])
  }

  private static let certified = ExpectedMessage(
    .response, version: "1.2", status: .ok, responseException: "",
    responseResult: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    attributes: [
      "tls.cipher": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "tls.next_protocol": "h2",
      "tls.server.subject": "C=DE, O=Example, CN=shop.example",
      "tls.server.issuer": "C=DE, O=Example, CN=shop.example",
      "tls.server.not_before": notBefore, "tls.server.not_after": notAfter,
    ])
  private static let notBefore = "2026-11-28T16:26:58Z"
  private static let notAfter = "2036-11-25T16:26:58Z"

  private static let key = Talk(
    .client, bytes: T.keyExchange + T.changeCipherSpec + T.hidden(22))
  private static let finished = Talk(.server, bytes: T.changeCipherSpec + T.hidden(22))

  @Test func ofVersion12() {
    let flight = T.handshake(T.choice12) + T.handshake(T.certificate) + T.done
    expectMessages(
      TLS(), Talk(.client, bytes: T.handshake(T.hello12)), Talk(.server, bytes: flight), Self.key,
      Self.finished,
      gives: [
        ExpectedMessage(
          .request, requestResource: "shop.example",
          attributes: [
            "tls.client.versions": "1.2", "tls.client.alpn": "h2",
            "tls.client.ja4": "t12d0208h2_6d4732649639_d0212ebfd738",
          ]), Self.certified,
      ])
  }

  /// Messages in pieces, several in one record, records in pieces.
  @Test(arguments: [1, 7, 100, 400, 4_000]) func ofRecordsOfAnySize(count: Int) {
    let answer = T.cut(T.choice12 + T.certificate + [14, 0, 0, 0], every: count)
    let talks = [
      Talk(.client, bytes: T.cut(T.hello12, every: count)), Talk(.server, bytes: answer), Self.key,
      Self.finished,
    ]
    let held = hold(TLS(), talks)
    #expect(held.messages.map(\.texts["request_resource"]) == ["shop.example", ""])
    #expect(held.messages.last?.attributes == Self.certified.attributes)
    #expect(held.messages.last?.status == .ok)
    #expect(held.error == nil && held.violations == [])
    for piece in [1, 6, 50] {
      #expect(hold(TLS(), LargeTalks.cut(talks, every: piece)).messages == held.messages)
    }
  }

  @Test func sessionsThatGoOn() {
    expectMessages(
      TLS(), Talk(.client, bytes: T.handshake(T.hello12)),
      Talk(.server, bytes: T.handshake(T.resumed12) + T.changeCipherSpec + T.hidden(22)),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: .ok,
          attributes: [
            "tls.cipher": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "tls.resumed": "true",
          ]),
      ])
    expectMessages(
      TLS(), Talk(.client, bytes: T.handshake(T.hello13)),
      Talk(.server, bytes: T.handshake(T.resumed13) + T.changeCipherSpec),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: .ok,
          attributes: [
            "tls.cipher": "TLS_AES_128_GCM_SHA256", "tls.curve": "x25519", "tls.resumed": "true",
          ]),
      ])
  }

  @Test func aSecondHelloIsTheSameCall() {
    expectMessages(
      TLS(), Talk(.client, bytes: T.handshake(T.hello13)),
      Talk(.server, bytes: T.handshake(T.retry) + T.changeCipherSpec),
      Talk(.client, bytes: T.changeCipherSpec + T.handshake(T.hello13)),
      Talk(.server, bytes: T.handshake(T.choice13) + T.hidden()),
      gives: [
        Self.asked13,
        ExpectedMessage(
          .response, status: .ok,
          attributes: [
            "tls.cipher": "TLS_AES_128_GCM_SHA256", "tls.curve": "x25519",
            "tls.hello_retry": "true",
          ]),
      ])
  }

  @Test(
    arguments: [
      (40, .clientError, "handshake_failure"), (70, .clientError, "protocol_version"),
      (80, .serverError, "internal_error"), (112, .clientError, "unrecognized_name"),
      (120, .clientError, "no_application_protocol"),
    ] as [(UInt8, ResponseStatus, String)])
  func theServerRefuses(number: UInt8, status: ResponseStatus, name: String) {
    expectMessages(
      TLS(), Talk(.client, bytes: T.handshake(T.hello12)), Talk(.server, bytes: T.alert(number)),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: status, code: Int32(number), responseException: name),
      ])
  }

  @Test(
    arguments: [
      (48, .serverError, "unknown_ca"), (45, .serverError, "certificate_expired"),
      (90, .clientError, "user_canceled"),
    ] as [(UInt8, ResponseStatus, String)])
  func theClientRefuses(number: UInt8, status: ResponseStatus, name: String) {
    expectMessages(
      TLS(), Talk(.client, bytes: T.handshake(T.hello12)),
      Talk(.server, bytes: T.handshake(T.choice12) + T.handshake(T.certificate) + T.done),
      Talk(.client, bytes: T.alert(number)),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, version: "1.2", status: status, code: Int32(number), responseException: name,
          attributes: Self.certified.attributes),
      ])
  }

  @Test(
    arguments: [
      (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
      (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
      (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"), (0xc0ff, "0xc0ff"), (0xfefe, "0xfefe"),
    ] as [(Int, String)])
  func ciphers(number: Int, name: String) {
    var choice = T.choice12
    (choice[39], choice[40]) = (UInt8(number >> 8), UInt8(number & 0xff))
    let held = hold(TLS(), [Talk(.server, bytes: T.handshake(choice) + T.done)])
    #expect(held.messages.first?.attributes?["tls.cipher"] == name)
  }

  /// A warning is no end.
  @Test func warningsArePassedOver() {
    expectMessages(
      TLS(), Talk(.client, bytes: T.handshake(T.hello13)),
      Talk(.server, bytes: T.alert(112, level: 1) + T.handshake(T.choice13)),
      gives: [Self.asked13, ExpectedMessage(.response, status: .ok)])
  }

  @Test func whoJoinsLateHearsNothing() {
    for bytes in [T.hidden(), T.hidden(21), T.changeCipherSpec + T.hidden(22), T.alert(0)] {
      let held = hold(TLS(), [Talk(.client, bytes: bytes), Talk(.server, bytes: T.hidden())])
      #expect(held.messages.isEmpty)
      #expect(held.successor == .encrypted)
    }
  }

  /// Where only the server is heard.
  @Test func aServerAlone() {
    expectMessages(
      TLS(), Talk(.server, bytes: T.handshake(T.choice12) + T.handshake(T.certificate) + T.done),
      gives: [
        ExpectedMessage(.session, version: "1.2", attributes: Self.certified.attributes)
      ])
  }
}
