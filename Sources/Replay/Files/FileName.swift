// SPDX-License-Identifier: Apache-2.0

/// What the names of capture files say of whether they belong together.
enum FileName {
  /// The last part of a path.
  static func base(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// Whether two paths differ by nothing but digits and packing: so the programs that begin a new
  /// file now and then name them (`a.pcap`, `a.pcap1`; `a_00001_20260101120000.pcapng`).
  static func areOfOneSeries(_ one: String, _ other: String) -> Bool {
    one != other && series(one) == series(other)
  }

  /// How much two paths are alike: more for those of one series, then for each letter that they
  /// begin or end with together.
  static func likeness(_ one: String, _ other: String) -> Int {
    let front = zip(one.utf8, other.utf8).prefix { $0 == $1 }.count
    let back = zip(one.utf8.reversed(), other.utf8.reversed()).prefix { $0 == $1 }.count
    return (areOfOneSeries(one, other) ? 1 << 20 : 0) + front + back
  }

  private static func series(_ path: String) -> [UInt8] {
    var name = Substring(path)
    for packing in [".gz", ".zst"] where name.hasSuffix(packing) {
      name = name.dropLast(packing.count)
    }
    return name.utf8.filter { !(0x30...0x39).contains($0) }
  }
}
