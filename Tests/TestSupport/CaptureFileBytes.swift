// SPDX-License-Identifier: Apache-2.0

import Foundation
package import Telemetry

/// What a test cannot read of a capture file.
package struct UnreadableCapture: Error, CustomStringConvertible {
  package var description: String
}

/// The frames of a classic pcap file of either byte order, in micro- or nanoseconds
/// (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html), also with the longer frame
/// headers of old Linux patches (magic a1b2cd34), for tests of what needs no I/O otherwise. All frames
/// are of interface 0.
package func packets(
  inCaptureFile path: String
) throws -> [(captured: CapturedPacket, bytes: [UInt8])] {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw UnreadableCapture(description: "\(path): cannot be read")
  }
  return try packets(inCapture: [UInt8](data), name: path)
}

/// The paths of the captures of one folder of `../shared/corpus/deepflow`, in order; empty when this
/// machine does not have them. An empty `folder` stands for all folders.
package func corpusCaptures(_ folder: String, testFile: String = #filePath) -> [String] {
  guard let root = corpusFolder("deepflow/" + folder, testFile: testFile) else { return [] }
  let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
  return names.filter { $0.hasSuffix(".pcap") }.sorted().map { "\(root)/\($0)" }
}

/// The path of a folder of `../shared/corpus`; nil when this machine does not have it.
package func corpusFolder(_ name: String, testFile: String = #filePath) -> String? {
  // The file lies at PROJECT/Tests/TARGET/..., however deep below.
  let parts = testFile.split(separator: "/")
  guard let tests = parts.lastIndex(of: "Tests"), tests >= 1 else { return nil }
  let path = "/" + parts[..<(tests - 1)].joined(separator: "/") + "/shared/corpus/" + name
  return FileManager.default.fileExists(atPath: path) ? path : nil
}

private func packets(
  inCapture file: [UInt8], name: String
) throws -> [(captured: CapturedPacket, bytes: [UInt8])] {
  guard file.count >= 24 else { throw UnreadableCapture(description: "\(name): no pcap header") }
  func word(_ offset: Int, bigEndian: Bool) -> UInt32 {
    (0..<4).reduce(0) { value, index in
      value << 8 | UInt32(file[offset + (bigEndian ? index : 3 - index)])
    }
  }
  let bigEndian = file[0] == 0xa1
  let magic = word(0, bigEndian: bigEndian)
  guard [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34].contains(magic) else {
    throw UnreadableCapture(description: "\(name): magic \(String(magic, radix: 16)) is not pcap's")
  }
  let unit: Int64 = magic == 0xa1b2_3c4d ? 1 : 1_000
  let headerLength = magic == 0xa1b2_cd34 ? 24 : 16
  let linkType = LinkType(rawValue: UInt16(word(20, bigEndian: bigEndian) & 0xffff))
  var found: [(captured: CapturedPacket, bytes: [UInt8])] = []
  var offset = 24
  while offset + headerLength <= file.count {
    let seconds = Int64(word(offset, bigEndian: bigEndian))
    let fraction = Int64(word(offset + 4, bigEndian: bigEndian))
    let start = offset + headerLength
    let end = start + Int(word(offset + 8, bigEndian: bigEndian))
    guard end <= file.count else {
      throw UnreadableCapture(description: "\(name): a frame ends behind the file's end")
    }
    let captured = CapturedPacket(
      time: Timestamp(nanoseconds: seconds * 1_000_000_000 + fraction * unit), linkType: linkType,
      interface: 0, length: word(offset + 12, bigEndian: bigEndian))
    found.append((captured, Array(file[start..<end])))
    offset = end
  }
  return found
}
