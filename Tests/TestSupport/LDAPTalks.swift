// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Messages of LDAP.
package enum LDAPTalks {
  /// A value of ASN.1.
  package static func value(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    let count = contents.count
    let length: [UInt8] =
      count < 0x80
      ? [UInt8(count)] : [0x83, UInt8(count >> 16), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
    return [tag] + length + contents
  }

  package static func text(_ text: String) -> [UInt8] { value(4, Array(text.utf8)) }

  package static func message(
    _ side: Side, id: UInt16, _ operation: UInt8, _ contents: [UInt8]
  ) -> Talk {
    let number = id < 0x80 ? [UInt8(id)] : [UInt8(id >> 8), UInt8(id & 0xff)]
    return Talk(side, bytes: value(0x30, value(2, number) + value(operation, contents)))
  }

  package static func bind(id: UInt16 = 1, _ name: String, password: String) -> Talk {
    message(.client, id: id, 0x60, [2, 1, 3] + text(name) + value(0x80, Array(password.utf8)))
  }

  package static func search(id: UInt16, _ base: String, filter: String = "objectClass") -> Talk {
    message(
      .client, id: id, 0x63,
      text(base) + [0x0a, 1, 2, 0x0a, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0]
        + value(0x87, Array(filter.utf8)) + [0x30, 0])
  }

  package static func result(
    id: UInt16, _ operation: UInt8, code: UInt8 = 0, _ text: String = ""
  ) -> Talk {
    message(.server, id: id, operation, [0x0a, 1, code] + self.text("") + self.text(text))
  }

  package static func entry(id: UInt16, _ name: String) -> Talk {
    message(.server, id: id, 0x64, text(name) + [0x30, 0])
  }
}
