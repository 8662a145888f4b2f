// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Telemetry

/// The client protocol of Apache ZooKeeper, as
/// https://github.com/apache/zookeeper/blob/master/zookeeper-jute/src/main/resources/zookeeper.jute and `ZooDefs.OpCode` have it, and its
/// commands of four letters.
package struct ZooKeeper: ProtocolKind {
  package let descriptor = ProtocolDescriptor(
    number: ApplicationProtocol(rawValue: 151), name: "ZooKeeper", pairing: .identifier,
    timeoutSeconds: 60, defaultPorts: [2_181], sureness: 170, endpoints: .name)

  package init() {}

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    ZooKeeperParser()
  }

  /// A length, and the upper bytes of an id that counts from one, of a version, or of a number below zero.
  package func openings(on transport: TransportProtocol) -> Openings {
    Openings().with(ByteSet([0]), at: 0).with(ByteSet(0...0x3f), at: 1)
      .with(ByteSet([0xff]).union(ByteSet(0...0x7f)), at: 4)
  }

  package func recognize(
    _ bytes: Span<UInt8>, context: RecognitionContext
  ) -> Recognition {
    guard context.transport == .tcp, bytes.count > 0 else { return .no }
    let isOwn = descriptor.defaultPorts.contains(context.serverPort)
    if isOwn, context.side != .server, bytes.count <= 5, ZooKeeperWord(bytes) != nil {
      return .yes(sentBy: .client)
    }
    guard bytes[0] == 0, bytes.count < 2 || bytes[1] < 0x40 else { return .no }
    guard bytes.count >= 8 else { return .undecided }
    guard let length = ZooKeeperFrame.length(bytes) else { return .no }
    if ZooKeeperFrame.isConnect(bytes, length) { return only(.client, context.side) }
    if ZooKeeperFrame.isConnected(bytes, length) { return only(.server, context.side) }
    let id = Int32(bitPattern: bytes.bigEndian32(at: 4))
    if id == 0 {
      let isLength = [28, 29, 36, 37, 44, 45].contains(length)
      return isLength && bytes.count < ZooKeeperFrame.connectFront ? .undecided : .no
    }
    guard id > 0 && length >= 13 || id == ZooKeeperFrame.ping else { return .no }
    // No operation that begins with a path has a large number.
    if id > 0 {
      for index in 8..<min(bytes.count, 11) where bytes[index] != 0 { return .no }
    }
    guard bytes.count >= 12 else { return .undecided }
    let code = Int32(bitPattern: bytes.bigEndian32(at: 8))
    if id == ZooKeeperFrame.ping {
      if length == 8, code == ZooKeeperOperation.ping.rawValue {
        return only(.client, context.side)
      }
      guard length == 16 else { return .no }
      guard bytes.count >= 20 else { return .undecided }
      return bytes.bigEndian32(at: 16) == 0 ? only(.server, context.side) : .no
    }
    // A request is told by its path.
    guard let operation = ZooKeeperOperation(rawValue: code), operation.beginsWithPath,
      context.side != .server
    else { return .no }
    guard bytes.count >= 17 else { return .undecided }
    let count = Int(bytes.bigEndian32(at: 12))
    guard count >= 1, count <= length - 12, count < 4_096, bytes[16] == UInt8(ascii: "/") else {
      return .no
    }
    for index in 16..<min(bytes.count, 16 + count) where bytes[index] < 0x20 { return .no }
    return .yes(sentBy: .client)
  }

  private func only(_ sender: Side, _ side: Side?) -> Recognition {
    side == nil || side == sender ? .yes(sentBy: sender) : .no
  }
}

/// A length and what it counts.
enum ZooKeeperFrame {
  static let size = 4
  /// What a session begins with, up to the length of its password, and that length.
  static let connectFront = 32
  static let connectedFront = 24
  /// Ids of what has no number of its own, `ClientCnxn`.
  static let event: Int32 = -1
  static let ping: Int32 = -2
  static let auth: Int32 = -4
  static let watches: Int32 = -8
  /// Servers take 1 MiB, unless `jute.maxbuffer` says otherwise.
  private static let longest = 1 << 26

  /// Bytes that follow the length; nil when it is none. There must be four bytes.
  static func length(_ bytes: Span<UInt8>) -> Int? {
    let length = Int(bytes.bigEndian32(at: 0))
    return (8...longest).contains(length) ? length : nil
  }

  /// `ConnectRequest`: version 0, a number, a timeout, the session and its password of 16 bytes, and in
  /// newer clients whether reading is enough. Nothing else begins with a zero.
  static func isConnect(_ bytes: Span<UInt8>, _ length: Int) -> Bool {
    guard length == 44 || length == 45 || length == 28 || length == 29,
      bytes.count >= connectFront, bytes.bigEndian32(at: 4) == 0
    else { return false }
    return bytes.bigEndian32(at: 28) == UInt32(length >= 44 ? 16 : 0)
      && bytes.bigEndian32(at: 16) < 1 << 31
  }

  /// `ConnectResponse`.
  static func isConnected(_ bytes: Span<UInt8>, _ length: Int) -> Bool {
    guard length == 36 || length == 37, bytes.count >= connectedFront else { return false }
    return bytes.bigEndian32(at: 4) == 0 && bytes.bigEndian32(at: 20) == 16
      && bytes.bigEndian32(at: 8) < 1 << 31
  }
}

/// The commands of four letters
/// (https://zookeeper.apache.org/doc/current/zookeeperAdmin.html#sc_zkCommands).
enum ZooKeeperWord: String, CaseIterable {
  case conf, cons, crst, dirs, dump, envi, gtmk, hash, isro, mntr, ruok, srst, srvr, stat, stmk
  case wchc, wchp, wchs

  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= 4, bytes[0] >= 0x61 else { return nil }
    let word = bytes.bigEndian32(at: 0)
    let known = Self.allCases.first { known in
      known.rawValue.utf8.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } == word
    }
    guard let known else { return nil }
    self = known
  }
}
