// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// What every object has (`ObjectMeta`).
package struct ObjectMetadata: Hashable, Sendable {
  /// Longest value of an annotation or variable that is kept; labels may have 63 bytes.
  static let valueBytes = 256
  /// Most labels, annotations or variables that are kept of one object, each.
  static let entries = 64
  /// A tool's own copy of the whole object.
  private static let manifest = "kubectl.kubernetes.io/last-applied-configuration"

  package struct Entry: Hashable, Sendable {
    package var name: String
    package var value: String
  }

  /// Who made the object and is answerable for it.
  package struct Owner: Hashable, Sendable {
    package var kind = ""
    package var name = ""
    package var uid = ""
  }

  package var name = ""
  /// Empty for what lies in no namespace.
  package var namespace = ""
  package var uid = ""
  package var resourceVersion = ""
  package var created: Timestamp?
  /// When the object should be gone by, once somebody has asked for its end.
  package var deletion: Timestamp?
  /// When somebody last changed it, as far as it says: to the second.
  package var touched: Timestamp?
  package var labels: [Entry] = []
  package var annotations: [Entry] = []
  /// The owner that controls it; nil without one.
  package var owner: Owner?
  /// Labels and annotations that were too long or too many.
  package var leftOut = 0

  package init() {}

  package func label(_ name: String) -> String? {
    labels.first { $0.name == name }?.value
  }
}

extension ObjectMetadata {
  @_lifetime(reader: copy reader)
  init(_ reader: inout JSONReader) throws(JSONFault) {
    self.init()
    guard try reader.enterObject() else { return }
    while let key = try reader.nextKey() {
      switch key {
      case "name": name = try reader.text()
      case "namespace": namespace = try reader.text()
      case "uid": uid = try reader.text()
      case "resourceVersion": resourceVersion = try reader.text()
      case "creationTimestamp": created = Timestamp(rfc3339: try reader.text())
      case "deletionTimestamp": deletion = Timestamp(rfc3339: try reader.text())
      case "labels": labels = kept(try Self.entries(&reader))
      case "annotations": annotations = kept(try Self.entries(&reader))
      case "ownerReferences": try readOwners(&reader)
      case "managedFields": try readManagers(&reader)
      default: try reader.skip()
      }
    }
  }

  /// The members of an object whose values are texts, in the order of their names.
  @_lifetime(reader: copy reader)
  private static func entries(_ reader: inout JSONReader) throws(JSONFault) -> [Entry] {
    var entries: [Entry] = []
    guard try reader.enterObject() else { return entries }
    while let name = try reader.nextKey() {
      entries.append(Entry(name: name, value: try reader.text()))
    }
    return entries.sorted { $0.name < $1.name }
  }

  private mutating func kept(_ all: [Entry]) -> [Entry] {
    let kept = all.filter { $0.value.utf8.count <= Self.valueBytes && $0.name != Self.manifest }
      .prefix(Self.entries)
    leftOut += all.count - kept.count
    return Array(kept)
  }

  @_lifetime(reader: copy reader)
  private mutating func readOwners(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterList() else { return }
    while try reader.nextElement() {
      var owner = Owner()
      var isController = false
      guard try reader.enterObject() else { continue }
      while let key = try reader.nextKey() {
        switch key {
        case "kind": owner.kind = try reader.text()
        case "name": owner.name = try reader.text()
        case "uid": owner.uid = try reader.text()
        case "controller": isController = try reader.flag()
        default: try reader.skip()
        }
      }
      if isController { self.owner = owner }
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func readManagers(_ reader: inout JSONReader) throws(JSONFault) {
    guard try reader.enterList() else { return }
    while try reader.nextElement() {
      guard try reader.enterObject() else { continue }
      while let key = try reader.nextKey() {
        guard key == "time" else {
          try reader.skip()
          continue
        }
        guard let time = Timestamp(rfc3339: try reader.text()) else { continue }
        touched = max(touched ?? time, time)
      }
    }
  }
}
