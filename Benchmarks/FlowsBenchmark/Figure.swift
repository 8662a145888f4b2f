// SPDX-License-Identifier: Apache-2.0

/// A measured number and the bar that it is judged by.
struct Figure {
  var name: String
  var value: Int
  var unit: String
  var bar: String

  func show() { print(name, value, unit, bar, separator: "\t") }
}
