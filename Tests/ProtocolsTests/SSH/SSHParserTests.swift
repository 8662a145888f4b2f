// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct SSHParserTests {
  static func packet(_ side: Side, _ contents: [UInt8]) -> Talk {
    Talk(
      side, bytes: KafkaTalks.number(UInt32(contents.count + 5)) + [4] + contents + [0, 0, 0, 0])
  }

  static func lists(_ side: Side, _ names: String...) -> Talk {
    let all = names + Array(repeating: "", count: 10 - names.count)
    let bytes = all.flatMap { KafkaTalks.number(UInt32($0.utf8.count)) + Array($0.utf8) }
    return packet(side, [20] + [UInt8](repeating: 7, count: 16) + bytes + [0, 0, 0, 0, 0])
  }

  private static let client = Talk(.client, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
  private static let server = Talk(.server, "SSH-2.0-dropbear_2024\r\n")
  private static let clients = lists(
    .client, "mlkem768,curve25519-sha256,ecdh", "ssh-ed25519,rsa", "aes256-gcm,aes128-ctr", "x",
    "hmac-sha2-256,hmac-sha1", "y")
  private static let servers = lists(
    .server, "ecdh,curve25519-sha256", "rsa", "aes128-ctr", "x", "hmac-sha1", "y")
  private static let asked = ExpectedMessage(
    .request, version: "2.0", requestType: "KeyExchange", endpoint: "KeyExchange",
    attributes: ["ssh.client_version": "SSH-2.0-OpenSSH_9.2p1 Debian-2"])
  private static let agreed = ExpectedMessage(
    .response, status: .ok, responseResult: "SSH-2.0-dropbear_2024",
    attributes: [
      "ssh.server_version": "SSH-2.0-dropbear_2024", "ssh.kex": "curve25519-sha256",
      "ssh.host_key": "rsa", "ssh.cipher": "aes128-ctr", "ssh.mac": "hmac-sha1",
    ])

  @Test(arguments: [true, false]) func whoeverSpeaksFirst(isServer: Bool) {
    let greeting = isServer ? [Self.server, Self.client] : [Self.client, Self.server]
    expectMessages(
      SSH(),
      greeting + [
        Self.servers, Self.clients, Self.packet(.client, [30, 1, 2, 3]),
        Self.packet(.server, [31, 1, 2, 3]),
      ], gives: [Self.asked, Self.agreed])
  }

  @Test func whatFollowsIsHidden() {
    let held = hold(
      SSH(),
      [
        Self.client, Self.server, Self.servers, Self.clients, Self.packet(.client, [30, 1]),
        Self.packet(.server, [31, 1]), Self.packet(.server, [21]),
      ])
    #expect(held.successor == .encrypted)
    #expect(held.messages.count == 2)
  }

  @Test func aRefusal() {
    expectMessages(
      SSH(), Talk(.server, "Welcome\r\nSSH-2.0-a\r\n"), Self.client,
      Self.packet(.server, [1, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0]),
      gives: [
        Self.asked,
        ExpectedMessage(
          .response, status: .serverError, code: 12, responseException: "TOO_MANY_CONNECTIONS"),
      ])
  }

  @Test func itsLineTells() {
    func recognize(_ text: String) -> Recognition {
      SSH().recognize(
        Array(text.utf8).span,
        context: RecognitionContext(transport: .tcp, side: .server, serverPort: 9_999))
    }
    #expect(recognize("SSH-2.0-a") == .yes(sentBy: .server))
    #expect(recognize("SSH-1.99-a") == .yes(sentBy: .server))
    for text in ["S", "SSH-", "SSH-2.0"] { #expect(recognize(text) == .undecided) }
    for text in ["SSL-2.0-a", "SSH-3.0-a", "SSH-2.1-a", "SSH 2.0-a"] {
      #expect(recognize(text) == .no)
    }
  }

  @Test(arguments: UInt64(1)...3) func anythingMayCome(seed: UInt64) {
    neverTraps(
      SSH(), seed: seed, rounds: 300,
      seeds: [Self.client, Self.server, Self.clients, Self.servers, Self.packet(.server, [31, 1])])
  }
}
