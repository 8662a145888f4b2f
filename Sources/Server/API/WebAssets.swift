// SPDX-License-Identifier: Apache-2.0

import CWebAssets
import HTTPTypes
import Hummingbird
import NIOCore

/// The web UI: files that are part of the program, served from memory.
struct WebAssets {
  struct Asset: Sendable {
    var type: String
    /// Of its content: a browser that has it is told so in place of getting it again.
    var tag: String
    var body: ByteBuffer
    /// The same as a gzip member; nil where that is no smaller.
    var packed: ByteBuffer?
  }

  let byPath: [String: Asset]

  init() {
    var count = 0
    let first = unsafe mf_web_assets(&count)
    var found: [String: Asset] = [:]
    let assets = unsafe UnsafeBufferPointer(start: first, count: count)
    for index in 0..<count {
      let asset = unsafe assets[index]
      let bytes = unsafe Array(UnsafeBufferPointer(start: asset.start, count: asset.size))
      let path = unsafe String(cString: asset.path)
      let type = unsafe String(cString: asset.type)
      found[path] = Asset(
        type: type, tag: Self.tag(of: bytes), body: ByteBuffer(bytes: bytes),
        packed: gzip(bytes).map { ByteBuffer(bytes: $0) })
    }
    byPath = found
  }

  /// One route a file. Browsers ask each time whether it is still the same, so a new server shows its
  /// own UI at once.
  func add(to routes: inout APIRoutes) {
    for (path, asset) in byPath {
      routes.get(path) { request, _ in Self.answer(request.headers, asset) }
    }
  }

  private static func answer(_ asked: HTTPFields, _ asset: Asset) -> Response {
    var headers: HTTPFields = [
      .contentType: asset.type, .cacheControl: "no-cache", .eTag: asset.tag,
      .vary: "accept-encoding", .contentSecurityPolicy: policy,
    ]
    let known = (asked[.ifNoneMatch] ?? "").split(separator: ",")
      .map { $0.trimming { $0 == " " } }
    // A proxy may have marked the tag as weak (RFC 9110, section 8.8.3.2).
    if known.contains(where: { $0 == "*" || $0 == asset.tag || $0 == "W/" + asset.tag }) {
      return Response(status: .notModified, headers: headers)
    }
    if let packed = asset.packed, takesGzip(asked[.acceptEncoding] ?? "") {
      headers[.contentEncoding] = "gzip"
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: packed))
    }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: asset.body))
  }

  /// Whether `gzip` or `*` is among the encodings, and not refused by a weight of 0 (RFC 9110, section
  /// 12.5.3).
  static func takesGzip(_ encodings: String) -> Bool {
    encodings.split(separator: ",").contains { encoding in
      let parts = encoding.split(separator: ";").map { $0.trimming { $0 == " " }.lowercased() }
      guard let name = parts.first, name == "gzip" || name == "*" else { return false }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
      return weight.map { Double($0) ?? 0 > 0 } ?? true
    }
  }

  /// The 64-bit FNV-1a hash, as an entity tag: what is compared is one's own older versions.
  static func tag(of bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return "\"" + String(hash, radix: 16) + "\""
  }

  /// Nothing from anywhere else; styles may be set by the chart library.
  private static let policy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    + "frame-ancestors 'none'"
}

extension StringProtocol {
  /// Without the characters at both ends that `isBlank` says.
  fileprivate func trimming(_ isBlank: (Character) -> Bool) -> String {
    String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
