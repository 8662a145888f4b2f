// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

/// FIPS 180-4's own examples, and lengths around a block's.
@Suite struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 64),
      "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"
    ),
  ])
  func digests(text: String, expected: String) {
    var hash = SHA256()
    hash.update(Array(text.utf8).span)
    let digest = hash.digest()
    let digits = digest.indices.map {
      String(digest[$0] >> 4, radix: 16) + String(digest[$0] & 15, radix: 16)
    }
    #expect(digits.joined() == expected)
  }
}
