// SPDX-License-Identifier: Apache-2.0

/// One line of a watch.
struct WatchLine {
  enum Kind {
    case added
    case modified
    case deleted
    /// Nothing but a version that everything before it was told of.
    case bookmark
    /// The object is a `Status`.
    case error
    /// A type that is not known here.
    case other
  }

  var kind: Kind
  var received: ReceivedObject

  init(_ objects: KubernetesKind, _ bytes: Span<UInt8>) throws(JSONFault) {
    var reader = JSONReader(bytes)
    var type = ""
    var received: ReceivedObject?
    guard reader.peek() == UInt8(ascii: "{"), try reader.enterObject() else {
      throw reader.fault("an event")
    }
    while let key = try reader.nextKey() {
      switch key {
      case "type": type = try reader.text()
      case "object": received = try ReceivedObject(objects, &reader)
      default: try reader.skip()
      }
    }
    try reader.expectEnd()
    guard let received else { throw reader.fault("an event's object") }
    self.received = received
    kind =
      switch type {
      case "ADDED": .added
      case "MODIFIED": .modified
      case "DELETED": .deleted
      case "BOOKMARK": .bookmark
      case "ERROR": .error
      default: .other
      }
  }
}
