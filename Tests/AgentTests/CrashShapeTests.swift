// SPDX-License-Identifier: Apache-2.0

import CCrash
import Testing

/// What a crash report shows of captured bytes.
@Suite struct CrashShapeTests {
  private func shape(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe mf_crash_shape(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count)
    }
    return bytes
  }

  @Test(arguments: [
    ("GET /login?token=s3cr3T HTTP/1.1\r\n", "aaa /aaaaa?aaaaa=a0aa0a aaaa/0.0\r\n"),
    ("пароль", "aaaaaaaaaaaa"), ("密码🔑", "aaaaaaaaaa"), ("", ""), ("-_.:\0", "-_.:\0"),
  ])
  func lettersAndDigitsAreHiddenAndTheRestStays(text: String, shape: String) {
    #expect(String(decoding: self.shape(Array(text.utf8)), as: UTF8.self) == shape)
  }

  /// Structure is what a report is for.
  @Test func bytesThatAreNoTextStay() {
    #expect(shape([0xff, 0x80, 0x01, 0xc3, 0x28]) == [0xff, 0x80, 0x01, 0xc3, 0x28])
    #expect(shape([0x41, 0xd0]) == [0x61, 0x61])
  }
}
