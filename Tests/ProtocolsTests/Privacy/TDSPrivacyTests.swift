// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Literals, parameters, rows, passwords and what errors quote; see ``SecretPropertyTests``.
@Suite struct TDSPrivacyTests {
  private typealias T = TDSTalks

  private static let mark = SecretPropertyTests.mark

  @Test(arguments: SecretPropertyTests.statements + ["SELECT [a]]], '~' FROM [t'] WHERE b = '~'"])
  func statements(sql: String) {
    let marked = sql.replacing("~", with: Self.mark)
    for contents in [T.batch(marked), T.call(10, T.text(marked))] {
      let type: UInt8 = contents[22] == 0xff ? 3 : 1
      SecretPropertyTests().search(TDS(), [Talk(.client, bytes: T.message(type, contents))])
    }
  }

  @Test func parametersAndRows() {
    let call = Talk(.client, bytes: T.message(3, T.call("dbo.Buy", T.text(Self.mark))))
    SecretPropertyTests().search(TDS(), [call])
    let rows = T.rows(1) + T.wide(Self.mark) + Array(Self.mark.utf8) + T.done()
    SecretPropertyTests().search(TDS(), [call, Talk(.server, bytes: T.message(4, rows))])
    for (number, text) in [
      (2_627, "Duplicate (\(Self.mark))"), (245, "Conversion of '\(Self.mark)'"),
      (50_001, Self.mark),
    ] as [(UInt32, String)] {
      let answer = T.error(number, text) + T.done(2)
      SecretPropertyTests().search(TDS(), [call, Talk(.server, bytes: T.message(4, answer))])
    }
  }
}
