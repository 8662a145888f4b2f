// SPDX-License-Identifier: Apache-2.0

/// What the engine keeps of a table in memory, to be asked by number: an array for each column.
package struct DictionaryDeclaration: Hashable, Sendable {
  /// `flow_tag.tag_set_map`.
  package var qualifiedName: String
  /// The table's columns that it holds, besides the number.
  package var columns: [String]
  /// No number is larger. The arrays are as long as the largest number that is there.
  package var largest: UInt32

  package init(_ qualifiedName: String, columns: [String], largest: UInt32) {
    self.qualifiedName = qualifiedName
    self.columns = columns
    self.largest = largest
  }
}
