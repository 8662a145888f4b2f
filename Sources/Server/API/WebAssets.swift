// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebFiles

/// The web UI: files that are part of the program, served from memory.
struct WebAssets {
  struct Asset: Sendable {
    var type: String
    /// Of its content: a browser that has it is told so in place of getting it again.
    var tag: String
    var body: ByteBuffer
    /// The same as a gzip member; nil where that is no smaller.
    var packed: ByteBuffer?

    /// - Parameter packed: Nil to pack it now.
    init(type: String, bytes: [UInt8], packed: [UInt8]?) {
      self.type = type
      tag = WebAssets.tag(of: bytes)
      body = ByteBuffer(bytes: bytes)
      let member = packed ?? gzip(bytes) ?? bytes
      self.packed = member.count < bytes.count ? ByteBuffer(bytes: member) : nil
    }
  }

  let byPath: [String: Asset]

  init() {
    var found: [String: Asset] = [:]
    for file in WebFile.all {
      guard let packed = Data(base64Encoded: file.base64.description) else {
        preconditionFailure("the build packed \(file.path)")
      }
      guard let bytes = gunzip(Array(packed), size: file.size) else {
        preconditionFailure("the build packed \(file.path) otherwise")
      }
      found[file.path.description] = Asset(
        type: file.type.description, bytes: bytes, packed: Array(packed))
    }
    if var index = found.removeValue(forKey: "/index.html") {
      let modules = found.keys.filter { $0.hasSuffix(".js") && !$0.contains(".min.") }
      index = Asset(type: index.type, bytes: Self.announcing(modules, in: index), packed: nil)
      found["/"] = index
    }
    byPath = found
  }

  /// The page with every module named at its front: they are asked for at once, not floor by floor as
  /// they import each other.
  private static func announcing(_ modules: [String], in page: Asset) -> [UInt8] {
    let links = modules.sorted().map { "    <link rel=\"modulepreload\" href=\"\($0)\">\n" }
    let text = String(buffer: page.body)
    return Array(text.replacing("  </head>", with: links.joined() + "  </head>").utf8)
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
