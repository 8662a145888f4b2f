// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A line on a terminal that says how far a replay is; nothing anywhere else.
package struct ReplayProgress {
  private static let everyNanoseconds: Int64 = 200_000_000

  private let descriptor: CInt
  private let isShown: Bool
  private var title = ""
  private var size: UInt64?
  private var begun: Int64 = 0
  private var next: Int64 = 0
  private var isThere = false

  /// - Parameter descriptor: where the line goes, when that is a terminal.
  package init(to descriptor: CInt) {
    self.descriptor = descriptor
    isShown = isatty(descriptor) == 1
  }

  /// - Parameters:
  ///   - title: what is being read.
  ///   - size: its bytes; nil when not known.
  mutating func begin(_ title: String, size: UInt64?) {
    guard isShown else { return }
    self.title = title
    self.size = size
    begun = Self.now()
    next = begun + Self.everyNanoseconds
  }

  /// Whether it is time to show how far it is.
  var isDue: Bool { isShown && Self.now() >= next }

  mutating func show(position: UInt64, packets: UInt64) {
    let now = Self.now()
    next = now + Self.everyNanoseconds
    let seconds = Double(now - begun) / 1e9
    let rate = Double(position) / seconds
    var line = title + ": "
    if let size, size > 0 {
      // A file may grow while it is read.
      line +=
        "\(min(position * 100 / size, 100)) %, \(megabytes(position)) of \(megabytes(size)) MB, "
    } else {
      line += "\(megabytes(position)) MB, "
    }
    line += "\(grouped(packets)) packets, \(UInt64(rate) / 1_000_000) MB/s"
    if let size, size > position, rate > 0 {
      line += ", \(Int((Double(size - position) / rate).rounded(.up))) s left"
    }
    say(line)
  }

  /// Shows any other line in its place.
  package mutating func say(_ line: String) {
    guard isShown else { return }
    isThere = true
    put("\r\u{1b}[K" + line)
  }

  /// Takes the line away.
  package mutating func end() {
    guard isThere else { return }
    isThere = false
    put("\r\u{1b}[K")
  }

  private func put(_ text: String) {
    let bytes = Array(text.utf8)
    // A terminal that does not take it loses nothing.
    unsafe bytes.withUnsafeBytes { _ = unsafe write(descriptor, $0.baseAddress, $0.count) }
  }

  private func megabytes(_ bytes: UInt64) -> UInt64 { bytes / 1_000_000 }

  private static func now() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// A number with a comma between each three digits.
package func grouped(_ number: UInt64) -> String {
  let digits = String(number)
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text += "," }
    text.append(digit)
  }
  return text
}
