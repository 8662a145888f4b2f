// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// What producers and consumers hand over is in no text; see ``SecretPropertyTests``.
@Suite struct KafkaPrivacyTests {
  private static let mark = Array(SecretPropertyTests.mark.utf8)
  private static let batch = set(KafkaTalks.batch(1, payload: mark))
  private static let message = set(
    [UInt8](repeating: 0, count: 8) + KafkaTalks.number(30)
      + [9, 9, 9, 9, 0, 0] + KafkaTalks.number(8) + mark + KafkaTalks.number(8) + mark)

  private static func set(_ records: [UInt8]) -> String {
    KafkaTalks.words(KafkaTalks.number(UInt32(records.count)) + records)
  }

  @Test(arguments: [
    KafkaTalks.request(
      0, 3, "ffff 0001 00001388 00000001 0001 'a' 00000001 00000000 \(batch)"),
    KafkaTalks.request(0, 1, "0001 00001388 00000001 0001 'a' 00000001 00000000 \(message)"),
    KafkaTalks.request(0, 1, "0000 00001388 00000001 0001 'a' 00000001 00000000 \(message)"),
    // A note that is kept with an offset, who a member is, a setting, a password, a token.
    KafkaTalks.request(
      8, 0, "0001 'g' 00000001 0001 'a' 00000001 00000000 0000000000000001 0008 'Zq9xWv7k'"),
    KafkaTalks.request(11, 0, "0001 'g' 00002710 0008 'Zq9xWv7k' 0008 'Zq9xWv7k'"),
    KafkaTalks.request(
      19, 2, "00000001 0001 'a' 00000001 0001 00000000 00000001 0001 'k' 0008 'Zq9xWv7k'"),
    KafkaTalks.request(36, 0, "0000000c 00 'ann' 00 'Zq9xWv7k'"),
    KafkaTalks.request(39, 0, "00000008 'Zq9xWv7k' 0000000000000001"),
    KafkaTalks.request(97, 0, "0008 'Zq9xWv7k'"),
  ])
  func requests(talk: Talk) { SecretPropertyTests().search(Kafka(), [talk]) }

  @Test(arguments: [
    (
      KafkaTalks.request(
        1, 0,
        "ffffffff 000001f4 00000001 00000001 0001 'a' 00000001 00000000 0000000000000000 00001000"),
      "00000001 0001 'a' 00000001 00000000 0000 0000000000000000 \(batch)"
    ),
    (
      KafkaTalks.request(0, 8, "ffff ffff 00001388 00000001 0001 'a' 00000001 00000000 00000000"),
      """
      00000001 0001 'a' 00000001 00000000 0057 ffffffffffffffff ffffffffffffffff ffffffffffffffff
      00000001 00000000 0008 'Zq9xWv7k' 0008 'Zq9xWv7k' 00000000
      """
    ),
    (KafkaTalks.request(36, 0, "00000000"), "003a 0008 'Zq9xWv7k' 00000000"),
    (KafkaTalks.request(38, 0, "00000000"), "0000 0001 'u' 0001 'n' 0008 'Zq9xWv7k'"),
    (
      KafkaTalks.request(9, 0, "0001 'g' 00000001 0001 'a' 00000001 00000000"),
      "00000001 0001 'a' 00000001 00000000 0000000000000001 0008 'Zq9xWv7k' 0000"
    ),
    (KafkaTalks.request(22, 0, id: 1, "ffff 00000001"), "'Zq9xWv7k'"),
  ])
  func responses(request: Talk, body: String) {
    SecretPropertyTests().search(Kafka(), [request, KafkaTalks.response(body)])
  }

  @Test func tokens() {
    let handshake = [
      KafkaTalks.request(17, 0, "0005 'PLAIN'"), KafkaTalks.response("0000 00000001 0005 'PLAIN'"),
    ]
    let token = KafkaTalks.framed(.client, Array("n,a=ann,\u{1}auth=Bearer ".utf8) + Self.mark)
    SecretPropertyTests().search(Kafka(), handshake + [token])
    SecretPropertyTests().search(Kafka(), handshake + [KafkaTalks.framed(.server, Self.mark)])
  }
}
