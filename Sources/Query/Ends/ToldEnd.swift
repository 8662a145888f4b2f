// SPDX-License-Identifier: Apache-2.0

/// One end of a stored row: which resources it is told as, and by what they were found.
package struct ToldEnd: Hashable, Sendable {
  package var address: String
  package var port: UInt64
  package var service: String
  package var instance: String
  /// 0 where nothing is known but the address.
  package var tagSet: UInt64
  /// By what it was known, in the words of the tag `tag_source`.
  package var sources: [String]
  package var resources: [Resource]

  /// What was true of a resource at the time of the row.
  package struct Resource: Hashable, Sendable {
    /// The tag that it is the value of: `pod`, `host`, ...
    package var tag: String
    /// What kind of thing it is.
    package var kind: String
    package var name: String
    /// The number of this version, and the thing itself over all its versions.
    package var version: UInt64
    package var entity: UInt64
    /// In seconds; `validTo` is 0 while it holds.
    package var validFrom: UInt64
    package var validTo: UInt64
    /// Who says so: an agent of its host, or a watcher of its cluster.
    package var isWatched: Bool
    package var attributes: [Attribute]
  }

  package struct Attribute: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }
}

/// Both ends of a row.
package struct ToldEnds: Hashable, Sendable {
  package var agent: UInt64
  package var observationPoint: String
  /// Seconds since the epoch.
  package var time: UInt64
  package var client: ToldEnd
  package var server: ToldEnd
}
