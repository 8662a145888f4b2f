// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Builds a classic capture file, microseconds, of TCP and UDP packets over IPv4.
package struct CaptureBuilder {
  package private(set) var bytes: [UInt8] = []

  package init(linkType: UInt32 = 1) {
    for word: UInt32 in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, linkType] { little(word) }
  }

  package struct End {
    package var host: UInt8
    package var port: UInt16

    package init(host: UInt8, port: UInt16) {
      self.host = host
      self.port = port
    }
  }

  /// A request and its answer in datagrams.
  package mutating func lookUp(
    _ name: String, id: UInt16, at microseconds: Int64, answeredAfter: Int64
  ) {
    let (client, server) = (End(host: 1, port: 40_000), End(host: 2, port: 53))
    var question = name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    question += [0, 0, 1, 0, 1]
    let head: [UInt8] = [UInt8(id >> 8), UInt8(id & 0xff)]
    let query = head + [1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + question
    let answer =
      head + [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + question
      + [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 9]
    datagram(query, from: client, to: server, at: microseconds)
    datagram(answer, from: server, to: client, at: microseconds + answeredAfter)
  }

  package mutating func datagram(
    _ payload: [UInt8], from source: End, to destination: End, at microseconds: Int64
  ) {
    let length = UInt16(8 + payload.count)
    let header = [source.port, destination.port, length, 0].flatMap {
      [UInt8($0 >> 8), UInt8($0 & 0xff)]
    }
    packet(header + payload, transport: 17, from: source, to: destination, at: microseconds)
  }

  private mutating func packet(
    _ payload: [UInt8], transport: UInt8, from source: End, to destination: End,
    at microseconds: Int64
  ) {
    let length = UInt16(20 + payload.count)
    let bytes: [UInt8] =
      [2, 0, 0, 0, 0, destination.host, 2, 0, 0, 0, 0, source.host, 8, 0]
      + [0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 1, 0x40, 0, 64, transport, 0, 0]
      + [10, 0, 0, source.host, 10, 0, 0, destination.host] + payload
    frame(bytes, at: microseconds)
  }

  package mutating func frame(_ frame: [UInt8], at microseconds: Int64) {
    little(UInt32(microseconds / 1_000_000))
    little(UInt32(microseconds % 1_000_000))
    little(UInt32(frame.count))
    little(UInt32(frame.count))
    bytes += frame
  }

  private mutating func little(_ word: UInt32) {
    for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(word >> shift & 0xff)) }
  }

  /// Writes the file for as long as `body` runs, without its last `missing` bytes.
  package func withFile(
    _ name: String = "capture.pcap", missing: Int = 0, _ body: (String) throws -> Void
  ) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "metaflow-capture-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: name)
    try Data(bytes.dropLast(missing)).write(to: path)
    try body(path.path)
  }
}
