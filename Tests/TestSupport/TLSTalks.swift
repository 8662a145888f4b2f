// SPDX-License-Identifier: Apache-2.0

import Protocols

/// Handshakes of OpenSSL 3.0.19, `s_client` with `s_server`: messages, to be put into records.
package enum TLSTalks {
  /// A client that offers TLS 1.3 alone, with HTTP/2 and HTTP/1.1, for shop.example.
  package static let hello13 = message(
    """
    010000e303032d7f5e4ecce1ce1ef642545fb7663f03ff6fba0c58e0d16f252c50ac6c3afe0a20d5c74ee9c3b0e5
    b004f1a60e32f87026855bb679c7cfccd385f8c42d732c6e4d00121301c02ccca9c02bc024c023c00ac00900ff01
    00008800000011000f00000c73686f702e6578616d706c65000b000403000102000a00040002001d002300000010
    000e000c02683208687474702f312e310016000000170000000d000400020403002b000908030403030302030100
    2d00020101003300260024001d002028854225b38585732c138007f7e54a65ae5b2c595b9047e97987ae55c176aa
    5a
    """)

  /// The server's, of TLS 1.3.
  package static let choice13 = message(
    """
    0200007603034a26275c796175eeaad61587084e2c1241f2150d7002659fd482bdfed74b4cb920d5c74ee9c3b0e5
    b004f1a60e32f87026855bb679c7cfccd385f8c42d732c6e4d130100002e002b0002030400330024001d00209dcd
    cac224c4d99a8c67b77d50b92a63d7af9cb39ea55ec09db9f9cd748f703f
    """)

  /// A server that asks for another hello.
  package static let retry = message(
    """
    020000540303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c20e7c019338e49a3
    2cb39ec5c6a48e875226233ae38b10e197904d79c3896b9a77130100000c002b00020304003300020017
    """)

  /// The same of TLS 1.2, with HTTP/2.
  package static let hello12 = message(
    """
    01000071030346f92b81304420f726a2cf58ce078a2f8636c301a194738a67a2272c7f6e294e000004c02b00ff01
    00004400000011000f00000c73686f702e6578616d706c65000b000403000102000a00060004001d001700230000
    0010000500030268320016000000170000000d000400020403
    """)

  package static let choice12 = message(
    """
    020000460303500ceaabfd070b56e21d346edf724973a38a66479d344207f27f589d179ae56800c02b00001eff01
    000100000b0004030001020023000000100005000302683200170000
    """)

  /// A chain of one: C=DE, O=Example, CN=shop.example, signed by itself.
  package static let certificate = message(
    """
    0b0001cb0001c80001c5308201c130820167a0030201020214457304f4cc8faa505b1ef69c9d1f6a40b35a7cc230
    0a06082a8648ce3d0403023036310b30090603550406130244453110300e060355040a0c074578616d706c653115
    301306035504030c0c73686f702e6578616d706c65301e170d3236313132383136323635385a170d333631313235
    3136323635385a3036310b30090603550406130244453110300e060355040a0c074578616d706c65311530130603
    5504030c0c73686f702e6578616d706c653059301306072a8648ce3d020106082a8648ce3d03010703420004608a
    6957ed6f402fee70700aefb42cb2797a923162b57b3565aaef6fc7e925a81a736dc7ab71b31668ecc085fcfa8f34
    425233e2c84dc6fa417d46bb12c70f87a3533051301d0603551d0e04160414ed7c7fa95f5d5f0940847646550b8e
    f10d16f48a301f0603551d23041830168014ed7c7fa95f5d5f0940847646550b8ef10d16f48a300f0603551d1301
    01ff040530030101ff300a06082a8648ce3d04030203480030450220035adb94cae3fdc289ad204c59cce6ea63aa
    b8d81270c161502946388aeb90ae022100a241c871df439d08f96922d6b4f9a8cc33098446f8446d2c0afc33c743
    4bf73b
    """)

  /// A server of TLS 1.2 that goes on with a session.
  package static let resumed12 = message(
    """
    020000510303d51b337c2daec4ec3b6c9143f77bf6ceac7940cf843b3e47fed747b4e5919f3d2050c79ae6c94bce
    1911e4bf6162ad70948c7a6733cf3754629e6f8b9a64b8e8e6c02b000009ff0100010000170000
    """)

  /// The same of TLS 1.3.
  package static let resumed13 = message(
    """
    0200007c03030bb4827386d02882f052ed3cac91303ed9ca48b7199a4b580dbc03eeca7541c320458a7a24b0f885
    6d68f76ede3bb2bdc88614a425a938ba88fa87fdac0402d7ea1301000034002b0002030400330024001d00208997
    838149ecde01c9b6c05cb00307b7981c40fd9a79e41eae9a4fcc4f876e4d002900020000
    """)

  private static func message(_ hex: String) -> [UInt8] { Talk(.client, hex: hex).bytes }

  /// A record of this type.
  package static func record(_ type: UInt8, _ contents: [UInt8]) -> [UInt8] {
    [type, 3, 3, UInt8(contents.count >> 8), UInt8(contents.count & 0xff)] + contents
  }

  package static func handshake(_ message: [UInt8]) -> [UInt8] { record(22, message) }

  package static let changeCipherSpec = record(20, [1])

  /// What cannot be read, of any type.
  package static func hidden(_ type: UInt8 = 23) -> [UInt8] {
    record(type, [UInt8](repeating: 0x9e, count: 40))
  }

  package static let done = handshake([14, 0, 0, 0])
  package static let keyExchange = handshake([16, 0, 0, 4, 1, 2, 3, 4])

  package static func alert(_ number: UInt8, level: UInt8 = 2) -> [UInt8] {
    record(21, [level, number])
  }

  /// The messages of a handshake in records of `count` bytes.
  package static func cut(_ messages: [UInt8], every count: Int) -> [UInt8] {
    stride(from: 0, to: messages.count, by: count).flatMap {
      handshake(Array(messages[$0..<min($0 + count, messages.count)]))
    }
  }

  /// A message of a handshake over datagrams, in one piece.
  package static func datagram(_ message: [UInt8], sequence: UInt8) -> [UInt8] {
    let body = message[..<4] + [0, sequence, 0, 0, 0] + message[1..<4] + message[4...]
    return datagramRecord(22, Array(body))
  }

  package static func datagramRecord(
    _ type: UInt8, _ contents: [UInt8], epoch: UInt8 = 0
  ) -> [UInt8] {
    [type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, UInt8(contents.count >> 8)]
      + [UInt8(contents.count & 0xff)] + contents
  }

  /// A client's hello that is put together: its ciphers, and its extensions with their contents.
  package static func hello(
    version: UInt16 = 0x0303, ciphers: [UInt16], extensions: [(UInt16, [UInt8])],
    cookie: [UInt8]? = nil
  ) -> [UInt8] {
    func two(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xff), UInt8(value & 0xff)] }
    let list = extensions.flatMap { two(Int($0.0)) + two($0.1.count) + $0.1 }
    var body = two(Int(version)) + [UInt8](repeating: 7, count: 32) + [0]
    if let cookie { body += [UInt8(cookie.count)] + cookie }
    body += two(ciphers.count * 2) + ciphers.flatMap { two(Int($0)) } + [1, 0] + two(list.count)
    body += list
    return [1, UInt8(body.count >> 16)] + two(body.count) + body
  }

  package static func serverName(_ name: String) -> (UInt16, [UInt8]) {
    let count = UInt8(name.utf8.count)
    return (0, [0, count + 3, 0, 0, count] + Array(name.utf8))
  }
}
