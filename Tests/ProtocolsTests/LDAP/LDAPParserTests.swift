// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct LDAPParserTests {
  private typealias T = LDAPTalks

  @Test func aLoginAndASearch() {
    expectMessages(
      LDAP(), T.bind("cn=ann,ou=people,dc=shop", password: "secret"), T.result(id: 1, 0x61),
      T.search(id: 2, "OU=people,DC=shop"), T.entry(id: 2, "cn=ann,ou=people,dc=shop"),
      T.entry(id: 2, "cn=bob,ou=people,dc=shop"), T.result(id: 2, 0x65),
      T.message(.client, id: 3, 0x42, []),
      gives: [
        ExpectedMessage(
          .request, requestType: "bind", requestResource: "cn=?,ou=people,dc=shop",
          endpoint: "bind cn=?,ou=people,dc=shop", requestID: 1,
          attributes: ["ldap.auth": "simple"]),
        ExpectedMessage(.response, status: .ok, code: 0, requestID: 1),
        ExpectedMessage(
          .request, requestType: "search", requestResource: "OU=people,DC=shop",
          endpoint: "search OU=people,DC=shop", attributes: ["ldap.scope": "wholeSubtree"]),
        ExpectedMessage(.response, status: .ok, code: 0, parts: 2),
        ExpectedMessage(.session, requestType: "unbind"),
      ])
  }

  @Test func failuresAreWhoseFaultTheyAre() {
    expectMessages(
      LDAP(), T.bind("uid=ann", password: "x"), T.result(id: 1, 0x61, code: 49, "wrong for ann"),
      T.search(id: 300, "dc=shop"), T.result(id: 300, 0x65, code: 51),
      T.message(.client, id: 4, 0x4a, Array("cn=a\\,b,o=shop".utf8)),
      T.result(id: 4, 0x6b, code: 32), T.message(.client, id: 5, 0x6e, T.text("dc=a") + [0x30, 0]),
      T.result(id: 5, 0x6f, code: 6),
      gives: [
        ExpectedMessage(.request, endpoint: "bind uid=?"),
        ExpectedMessage(
          .response, status: .clientError, code: 49, responseException: "invalidCredentials"),
        ExpectedMessage(.request, requestID: 300),
        ExpectedMessage(.response, status: .serverError, code: 51, responseException: "busy"),
        ExpectedMessage(.request, requestType: "delete", requestResource: "cn=?,o=shop"),
        ExpectedMessage(.response, status: .clientError, responseException: "noSuchObject"),
        ExpectedMessage(.request, requestType: "compare"),
        ExpectedMessage(.response, status: .ok, code: 6, responseException: ""),
      ])
  }

  /// RFC 4511 section 4.14; what follows is another protocol's.
  @Test func behindStartTLSComesAnother() {
    let ask = T.message(
      .client, id: 1, 0x77, T.value(0x80, Array("1.3.6.1.4.1.1466.20037".utf8)))
    let held = hold(
      LDAP(), [ask, T.result(id: 1, 0x78), Talk(.client, bytes: [0x16, 3, 1, 0, 5])])
    #expect(held.messages.map(\.kind) == [.request, .response])
    #expect(held.messages[0].texts["endpoint"] == "extended 1.3.6.1.4.1.1466.20037")
    #expect(held.successor == .unknown)
    let refused = hold(LDAP(), [ask, T.result(id: 1, 0x78, code: 52), T.search(id: 2, "dc=a")])
    #expect(refused.messages.count == 3 && refused.successor == nil)
  }

  @Test func behindALoginThatHidesTheRestThereIsSilence() {
    let mechanism = T.value(0xa3, T.text("GSSAPI") + T.text("ticket"))
    let held = hold(
      LDAP(),
      [
        T.message(.client, id: 1, 0x60, [2, 1, 3] + T.text("") + mechanism),
        T.result(id: 1, 0x61), Talk(.client, bytes: [0, 0, 0, 9, 1, 2, 3]),
      ])
    #expect(held.messages.first?.attributes == ["ldap.auth": "GSSAPI"])
    #expect(held.successor == .encrypted)
  }

  @Test(arguments: UInt64(1)...4) func anythingMayCome(seed: UInt64) {
    neverTraps(
      LDAP(), seed: seed, rounds: 400,
      seeds: [
        T.bind("cn=a", password: "b"), T.search(id: 2, "dc=a"), T.entry(id: 2, "cn=a"),
        T.result(id: 2, 0x65), T.result(id: 1, 0x61, code: 49),
      ])
  }

  @Test func whoItIsAboutIsNotTold() {
    let mark = SecretPropertyTests.mark
    let search = SecretPropertyTests()
    search.search(LDAP(), [T.bind("cn=\(mark),dc=a", password: mark)])
    search.search(LDAP(), [T.search(id: 1, "uid=\(mark)+sn=\(mark),dc=a", filter: mark)])
    search.search(LDAP(), [T.search(id: 1, mark)])
    search.search(
      LDAP(), [T.search(id: 1, "dc=a"), T.entry(id: 1, "cn=\(mark)"), T.result(id: 1, 0x65)])
    search.search(LDAP(), [T.search(id: 1, "dc=a"), T.result(id: 1, 0x65, code: 34, mark)])
  }

  private func recognize(_ bytes: [UInt8], _ side: Side?) -> Recognition {
    LDAP().recognize(
      bytes.span, context: RecognitionContext(transport: .tcp, side: side, serverPort: 40_000))
  }

  @Test(arguments: [
    LDAPTalks.bind("", password: ""), LDAPTalks.search(id: 300, "dc=a"),
    LDAPTalks.result(id: 1, 0x61), LDAPTalks.entry(id: 1, "dc=a"),
    LDAPTalks.search(id: 1, String(repeating: "a", count: 200)),
  ])
  func eitherSideIsSeen(talk: Talk) {
    #expect(recognize(talk.bytes, nil) == .yes(sentBy: talk.side))
    #expect(recognize(talk.bytes, talk.side.other) == .no)
    for count in 1..<8 {
      #expect(recognize(Array(talk.bytes.prefix(count)), talk.side) == .undecided, "\(count)")
    }
  }

  /// SNMP's, a version that is none, a certificate, a text where a number belongs, a length of its own.
  @Test(arguments: [
    "30 1d 02 01 01 04 01 'c' a0 15", "30 0c 02 01 01 60 07 02 01 09 04 00 80 00",
    "30 82 03 00 30 82 02 00", "30 0c 04 01 01 60 07 02 01 03", "30 80 02 01 01 60 07 02 01 03",
    "30 0c 02 01 ff 60 07 02 01 03 04 00", "30 0c 02 01 01 60 20 02 01 03 04 00 80 00",
    "30 0c 02 01 01 61 07 04 01 00 04 00 04 00", "30 0c 02 05 01 01 01 01 01 60 07",
  ])
  func almostTheProtocolIsNot(text: String) {
    #expect(recognize(KafkaTalks.bytes(text), nil) == .no)
  }
}
