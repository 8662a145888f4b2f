// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@Suite struct BreadcrumbTests {
  @Test func wordIsLeftOfWhatIsParsedAndTakenBack() {
    let words = UnsafeMutablePointer<UInt>.allocate(capacity: 5)
    defer { unsafe words.deallocate() }
    unsafe words.initialize(repeating: 0, count: 5)
    let crumb = Breadcrumb(at: UInt(bitPattern: words))
    let bytes: [UInt8] = [1, 2, 3]
    crumb.enter(.reading, protocol: 7, bytes.span)
    let seen = unsafe UnsafePointer<UInt8>(bitPattern: words[0])
    #expect(unsafe seen?[2] == 3)
    unsafe #expect(words[1] == 3)
    unsafe #expect(words[2] == 0x0207)
    crumb.leave()
    unsafe #expect(words[2] == 0)
  }

  @Test func nobodyNeedsToLook() {
    let bytes: [UInt8] = [1]
    Breadcrumb().enter(.recognising, protocol: 1, bytes.span)
    Breadcrumb().leave()
  }

  /// Being asked whether they are its own is not reading them.
  @Test func theBytesOfATestEndNobodyWhoIsAsked() {
    let words = UnsafeMutablePointer<UInt>.allocate(capacity: 5)
    let pattern = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    defer {
      unsafe words.deallocate()
      unsafe pattern.deallocate()
    }
    unsafe words.initialize(repeating: 0, count: 5)
    unsafe pattern.initialize(to: 9)
    unsafe words[3] = UInt(bitPattern: pattern)
    unsafe words[4] = 1
    let bytes: [UInt8] = [9]
    Breadcrumb(at: UInt(bitPattern: words)).enter(.recognising, protocol: 1, bytes.span)
    unsafe #expect(words[2] == 0x0101)
  }

  @Test func theBytesOfATestEndTheProcessThatReadsThem() async {
    await #expect(processExitsWith: .failure) {
      let words = UnsafeMutablePointer<UInt>.allocate(capacity: 5)
      unsafe words.initialize(repeating: 0, count: 5)
      let pattern = UnsafeMutablePointer<UInt8>.allocate(capacity: 2)
      unsafe pattern.initialize(repeating: 9, count: 2)
      unsafe words[3] = UInt(bitPattern: pattern)
      unsafe words[4] = 2
      let bytes: [UInt8] = [1, 9, 9]
      Breadcrumb(at: UInt(bitPattern: words)).enter(.reading, protocol: 1, bytes.span)
    }
  }
}
