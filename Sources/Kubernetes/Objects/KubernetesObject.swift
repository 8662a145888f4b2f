// SPDX-License-Identifier: Apache-2.0

/// An object of the API server, as much of it as tags need. What an object does not say is empty.
package struct KubernetesObject: Hashable, Sendable {
  package enum Detail: Hashable, Sendable {
    /// Nothing but its metadata is needed.
    case none
    case node(NodeDetail)
    case pod(PodDetail)
    case service(ServiceDetail)
    case endpointSlice(EndpointSliceDetail)
    case ingress(IngressDetail)
  }

  package var kind: KubernetesKind
  package var metadata: ObjectMetadata
  package var detail: Detail

  package init(_ kind: KubernetesKind, metadata: ObjectMetadata, detail: Detail = .none) {
    self.kind = kind
    self.metadata = metadata
    self.detail = detail
  }

  /// Reads one object by itself.
  package init(_ kind: KubernetesKind, _ text: Span<UInt8>) throws(JSONFault) {
    var reader = JSONReader(text)
    guard reader.peek() == UInt8(ascii: "{") else { throw reader.fault("an object") }
    self = try ReceivedObject(kind, &reader).object
    try reader.expectEnd()
  }

  /// Equal for two objects that are told alike; changes between runs of the program.
  var fingerprint: Int {
    var told = self
    told.metadata.resourceVersion = ""
    told.metadata.touched = nil
    told.metadata.leftOut = 0
    return told.hashValue
  }
}

/// What a kind of object has besides its metadata.
protocol ObjectDetail {
  init()

  /// Takes in the value of the object's member `key`, which must be read or skipped.
  @_lifetime(reader: copy reader)
  mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONFault)
}

/// Of a `Status`, which an API server sends in place of an object where something is wrong.
package struct APIStatus: Hashable, Sendable {
  package var code = 0
  package var message = ""

  package init(code: Int = 0, message: String = "") {
    self.code = code
    self.message = message
  }
}

/// Whatever stands where an object may stand: an object, a bookmark's empty one, or a `Status`.
struct ReceivedObject {
  var object: KubernetesObject
  var status = APIStatus()

  @_lifetime(reader: copy reader)
  init(_ kind: KubernetesKind, _ reader: inout JSONReader) throws(JSONFault) {
    object = KubernetesObject(kind, metadata: ObjectMetadata())
    switch kind {
    case .node: object.detail = .node(try read(NodeDetail.self, &reader))
    case .pod: object.detail = .pod(try read(PodDetail.self, &reader))
    case .service: object.detail = .service(try read(ServiceDetail.self, &reader))
    case .endpointSlice:
      object.detail = .endpointSlice(try read(EndpointSliceDetail.self, &reader))
    case .ingress: object.detail = .ingress(try read(IngressDetail.self, &reader))
    case .namespace, .deployment, .statefulSet, .daemonSet, .cronJob, .job, .replicaSet,
      .configMap:
      _ = try read(MetadataOnly.self, &reader)
    }
  }

  @_lifetime(reader: copy reader)
  private mutating func read<Detail: ObjectDetail>(
    _: Detail.Type, _ reader: inout JSONReader
  ) throws(JSONFault) -> Detail {
    var detail = Detail()
    guard try reader.enterObject() else { return detail }
    while let key = try reader.nextKey() {
      switch key {
      case "metadata": object.metadata = try ObjectMetadata(&reader)
      case "code": status.code = Int(clamping: try reader.integer() ?? 0)
      case "message": status.message = try reader.text()
      default: try detail.read(key, &reader)
      }
    }
    return detail
  }

  private struct MetadataOnly: ObjectDetail {
    @_lifetime(reader: copy reader)
    mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONFault) {
      try reader.skip()
    }
  }
}
