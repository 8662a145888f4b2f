// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Nothing of a document is in a text; see ``SecretPropertyTests``.
@Suite struct MongoDBPrivacyTests {
  private static let mark = MongoDBTalks.Value.text(SecretPropertyTests.mark)

  @Test func requests() {
    let filter = MongoDBTalks.Value.document([
      ("a", Self.mark), (SecretPropertyTests.mark, .int(1)),
    ])
    for talk in [
      MongoDBTalks.message(
        .client, id: 1,
        [("find", .text("c")), ("filter", filter), ("comment", Self.mark), ("$db", .text("d"))]),
      MongoDBTalks.message(
        .client, id: 1, [("createUser", Self.mark), ("pwd", Self.mark), ("$db", .text("d"))]),
      MongoDBTalks.message(
        .client, id: 1, [("insert", .text("c")), ("$db", .text("d"))],
        sequence: ("documents", [[("a", Self.mark)]])),
      MongoDBTalks.message(
        .client, id: 1,
        [("saslStart", .int(1)), ("payload", .binary(Array(SecretPropertyTests.mark.utf8)))]),
      MongoDBTalks.query("d.c", id: 1, [(SecretPropertyTests.mark, Self.mark)]),
      MongoDBTalks.query("d.$cmd", id: 1, [("authenticate", Self.mark), ("key", Self.mark)]),
    ] {
      SecretPropertyTests().search(MongoDB(), [talk])
    }
  }

  @Test(arguments: [
    "E11000 duplicate key error dup key: { a: \"~\" }", "no such 'x~'", "failed [~]", "token=~",
  ])
  func errors(text: String) {
    let shown = text.replacing("~", with: SecretPropertyTests.mark)
    let request = MongoDBTalks.message(.client, id: 1, [("ping", .int(1)), ("$db", .text("d"))])
    SecretPropertyTests().search(
      MongoDB(),
      [
        request,
        MongoDBTalks.message(
          .server, id: 2, to: 1,
          [("ok", .int(0)), ("errmsg", .text(shown)), ("keyValue", .document([("a", Self.mark)]))]),
      ])
    SecretPropertyTests().search(
      MongoDB(), [request, MongoDBTalks.reply(id: 2, to: 1, [[("a", Self.mark)]])])
  }
}
