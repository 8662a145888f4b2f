// SPDX-License-Identifier: Apache-2.0

/// One page of a list.
struct ListPage {
  /// The version of the cluster that the list shows, from which a watch goes on.
  var resourceVersion = ""
  /// What to ask the next page by; empty behind the last one.
  var continueToken = ""
  var objects: [KubernetesObject] = []

  init(_ kind: KubernetesKind, _ bytes: Span<UInt8>) throws(JSONFault) {
    var reader = JSONReader(bytes)
    var hasItems = false
    guard reader.peek() == UInt8(ascii: "{"), try reader.enterObject() else {
      throw reader.fault("a list of objects")
    }
    while let key = try reader.nextKey() {
      switch key {
      case "metadata":
        guard try reader.enterObject() else { continue }
        while let key = try reader.nextKey() {
          switch key {
          case "resourceVersion": resourceVersion = try reader.text()
          case "continue": continueToken = try reader.text()
          default: try reader.skip()
          }
        }
      case "items":
        hasItems = true
        guard try reader.enterList() else { continue }
        while try reader.nextElement() {
          objects.append(try ReceivedObject(kind, &reader).object)
        }
      default: try reader.skip()
      }
    }
    try reader.expectEnd()
    guard hasItems, !resourceVersion.isEmpty else { throw reader.fault("items and a version") }
  }
}
