// SPDX-License-Identifier: Apache-2.0

extension CatalogState {
  /// The number of a source, given now and for good when the name is new.
  ///
  /// - Throws: ``CatalogError/badSourceName``, ``CatalogError/tooManySources(_:)``.
  package mutating func source(named name: String) throws(CatalogError) -> UInt32 {
    if let known = sourceNumbers[name] { return known }
    guard (1...256).contains(name.utf8.count),
      name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
    else { throw .badSourceName }
    guard sources.count < limits.sources else { throw .tooManySources(limits.sources) }
    let entry = SourceEntry(number: UInt32(sources.count + 1), name: name)
    sources.append(entry)
    sourceNumbers[name] = entry.number
    note(.source(entry))
    return entry.number
  }
}
