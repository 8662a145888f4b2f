// SPDX-License-Identifier: Apache-2.0

import CWebAssets
import HTTPTypes
import Hummingbird
import NIOCore

/// The web UI: files that are part of the program, served from memory.
struct WebAssets {
  struct Asset {
    var type: String
    var body: ByteBuffer
  }

  let byPath: [String: Asset]

  init() {
    var count = 0
    let first = unsafe mf_web_assets(&count)
    var found: [String: Asset] = [:]
    let assets = unsafe UnsafeBufferPointer(start: first, count: count)
    for index in 0..<count {
      let asset = unsafe assets[index]
      let bytes = unsafe UnsafeBufferPointer(start: asset.start, count: asset.size)
      let path = unsafe String(cString: asset.path)
      let type = unsafe String(cString: asset.type)
      unsafe found[path] = Asset(type: type, body: ByteBuffer(bytes: bytes))
    }
    byPath = found
  }

  /// One route a file. Browsers ask again each time, so a new server shows its own UI at once.
  func add(to routes: inout APIRoutes) {
    for (path, asset) in byPath {
      routes.get(path) { _, _ in
        Response(
          status: .ok,
          headers: [
            .contentType: asset.type, .cacheControl: "no-cache",
            .contentSecurityPolicy: Self.policy,
          ],
          body: ResponseBody(byteBuffer: asset.body))
      }
    }
  }

  /// Nothing from anywhere else; styles may be set by the chart library.
  private static let policy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    + "frame-ancestors 'none'"
}
