// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Protocols

@Suite struct PatternTests {
  @Test(arguments: [
    ("orders", "orders"), ("users/4711/cart", "users/?/cart"), ("sensor42", "sensor?"),
    ("orders.v1", "orders.v1"), ("s3:k8s", "s3:k8s"), ("a12b34c56", "?"), ("12", "?"),
    ("user:550e8400-e29b-41d4-a716-446655440000", "user:?"),
    ("550e8400-e29b-41d4-a716-44665544000", "?-?-?-?-?"),
    ("list_pZ61jY9MyyItxjdjo5bFElaffitpaJ_1726624102393", "list_?_?"),
    ("d41d8cd98f00b204e9800998ecf8427e", "?"), ("dead-beef", "dead-beef"),
    ("2026-11-28T10:00", "?-?-?T?:?"), ("", ""), ("/", "/"), ("größe7", "größe?"),
  ])
  func whatTellsOneFromAnotherIsHidden(name: String, pattern: String) {
    var fields = FieldBuffer()
    let mark = fields.mark
    let bytes = Array(name.utf8)
    fields.push(patternOf: bytes.span)
    let text = fields.finish(from: mark)
    #expect(String(decoding: fields.bytes(text), as: UTF8.self) == pattern)
  }
}
