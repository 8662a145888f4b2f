// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Builds capture files, microseconds, of UDP packets over IPv4 and of any other frames.
package struct CaptureBuilder {
  /// Microseconds since 1970 at which ``lookUps`` begins.
  package static let start: Int64 = 1_790_000_000_000_000

  package struct Frame {
    package var time: Int64
    package var bytes: [UInt8]
  }

  package private(set) var frames: [Frame] = []
  private let linkType: UInt32
  private let network: [UInt8]

  /// - Parameter network: the first three bytes of all addresses.
  package init(linkType: UInt32 = 1, network: [UInt8] = [10, 0, 0]) {
    self.linkType = linkType
    self.network = network
  }

  /// Ten look-ups, a tenth of a second apart, each answered after 250 us.
  package static var lookUps: CaptureBuilder {
    var capture = CaptureBuilder()
    for number in 0..<10 {
      capture.lookUp(
        "a\(number).test", id: UInt16(number), at: start + Int64(number) * 100_000,
        answeredAfter: 250)
    }
    return capture
  }

  /// The same packets, or some of them, as a classic capture file.
  package func bytes(of packets: Range<Int>? = nil) -> [UInt8] {
    var file = littleEndian([0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, linkType])
    for frame in frames[packets ?? frames.indices] {
      let length = UInt32(frame.bytes.count)
      file += littleEndian([
        UInt32(frame.time / 1_000_000), UInt32(frame.time % 1_000_000), length, length,
      ])
      file += frame.bytes
    }
    return file
  }

  /// The same as pcapng, whose interfaces have these names; `choose` says which one a packet is of.
  package func blocks(
    interfaces: [String], of packets: Range<Int>? = nil, choose: (Int) -> Int = { _ in 0 }
  ) -> [UInt8] {
    var file = block(0x0a0d_0d0a, littleEndian([0x1a2b_3c4d, 1, .max, .max]))
    for name in interfaces {
      let option = padded(Array(name.utf8))
      let head = littleEndian([linkType, 65_535, UInt32(name.utf8.count) << 16 | 2])
      file += block(1, head + option + littleEndian([0]))
    }
    for index in packets ?? frames.indices {
      let frame = frames[index]
      let time = UInt64(frame.time)
      let length = UInt32(frame.bytes.count)
      let head = littleEndian([
        UInt32(choose(index)), UInt32(time >> 32), UInt32(truncatingIfNeeded: time), length, length,
      ])
      file += block(6, head + padded(frame.bytes))
    }
    return file
  }

  private func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
    let length = littleEndian([UInt32(body.count + 12)])
    return littleEndian([type]) + length + body + length
  }

  private func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
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
      + network + [source.host] + network + [destination.host] + payload
    frame(bytes, at: microseconds)
  }

  package mutating func frame(_ frame: [UInt8], at microseconds: Int64) {
    frames.append(Frame(time: microseconds, bytes: frame))
  }

  private func littleEndian(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in
      [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }

  /// Writes the file for as long as `body` runs, without its last `missing` bytes.
  package func withFile(
    _ name: String = "capture.pcap", missing: Int = 0, _ body: (String) throws -> Void
  ) throws {
    try withFiles([(name, Array(bytes().dropLast(missing)))]) { try body($0[0]) }
  }
}

/// Writes files into a folder of their own for as long as `body` runs, which gets their paths.
package func withFiles(
  _ files: [(name: String, bytes: [UInt8])], _ body: ([String]) throws -> Void
) throws {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "metaflow-capture-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  var paths: [String] = []
  for (name, bytes) in files {
    let path = folder.appending(path: name)
    try Data(bytes).write(to: path)
    paths.append(path.path)
  }
  try body(paths)
}
