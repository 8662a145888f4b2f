// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// Communities, passwords, names of users, values; see ``SecretPropertyTests``.
@Suite struct DatagramPrivacyTests {
  private static let secret = Array(SecretPropertyTests.mark.utf8)
  private static let words = "'Zq9xWv7k'"

  private func search(_ kind: any ProtocolKind, _ talks: Talk...) {
    let held = hold(kind, talks, transport: .udp, isFinal: true)
    #expect(held.messages.count == talks.count)
    for message in held.messages {
      let told = "\(message.texts) \(message.attributes ?? [:])"
      #expect(!told.contains("Wv7k") && !told.contains("Zq9x"), "\(told)")
    }
  }

  @Test func snmp() {
    let value = SNMPParserTests.value(4, Self.secret)
    search(
      SNMP(),
      SNMPParserTests.message(
        .client, SNMPParserTests.contents(0xa3, value: value), community: SecretPropertyTests.mark),
      SNMPParserTests.message(
        .server, SNMPParserTests.contents(0xa2, value: value), community: SecretPropertyTests.mark))
  }

  @Test func radius() {
    search(
      RADIUS(),
      RADIUSParserTests.packet(
        .client, 1, "01 0a \(Self.words) 02 0a \(Self.words) 1f 0a \(Self.words)"),
      RADIUSParserTests.packet(.server, 3, "12 0a \(Self.words) 08 06 0a000001"))
  }

  @Test func diameter() {
    let attributes =
      DiameterParserTests.session + DiameterParserTests.attribute(1, Self.secret)
      + DiameterParserTests.attribute(443, DiameterParserTests.attribute(444, Self.secret))
    SecretPropertyTests().search(
      Diameter(), [DiameterParserTests.message(.client, isRequest: true, attributes)])
    SecretPropertyTests().search(
      Diameter(),
      [
        DiameterParserTests.message(
          .server, isRequest: false,
          DiameterParserTests.result(5_004) + DiameterParserTests.attribute(281, Self.secret))
      ])
  }

  @Test func dhcp() {
    search(
      DHCP(), DHCPParserTests.message(.client, 3, "5a 0a 0102 \(Self.words) 3d 08 \(Self.words)"))
  }

  @Test func ssh() {
    SecretPropertyTests().search(
      SSH(),
      [
        Talk(.client, "SSH-2.0-a\r\n"), Talk(.server, "SSH-2.0-b\r\n"),
        SSHParserTests.packet(.server, [31] + Self.secret),
      ])
  }
}
