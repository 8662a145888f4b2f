// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Plugins for tests, written as text and made into modules when a test runs.
package struct PluginText: Sendable {
  /// Where the desk, the manifest and the rooms of these plugins are.
  package static let desk = 1_024

  package var manifest: String
  /// What follows in the module: functions, mostly.
  package var body: String
  package var abi = 1
  package var pages = 2
  /// Where the desk says that its payload goes, how much has room there, and the same of texts.
  package var rooms: [UInt32] = [8_192, 32_768, 49_152, 8_192]

  package init(manifest: String, body: String) {
    self.manifest = manifest
    self.body = body
  }

  package var text: String {
    let numbers = rooms.flatMap { room in
      (0..<4).map { String(format: "\\%02x", (room >> (8 * UInt32($0))) & 0xff) }
    }.joined()
    let manifest = manifest.split(separator: "\n").joined(separator: "\\0a")
    return """
      (module
        (import "metaflow" "log" (func $log (param i32 i32)))
        (memory (export "memory") \(pages))
        (data (i32.const \(Self.desk)) "\(numbers)")
        (data (i32.const 2048) "\(manifest)\\00")
        (func (export "metaflow_desk") (result i32) (i32.const \(Self.desk)))
        (func (export "metaflow_abi") (result i32) (i32.const \(abi)))
        (func (export "metaflow_describe") (result i32) (i32.const 2048))
        (func $get (param i32) (result i32)
          (i32.load (i32.add (i32.const \(Self.desk)) (local.get 0))))
        (func $put (param i32 i32)
          (i32.store (i32.add (i32.const \(Self.desk)) (local.get 0)) (local.get 1)))
        (func $payload (param i32) (result i32)
          (i32.load8_u (i32.add (i32.const 8192) (local.get 0))))
        \(body)
      )
      """
  }

  package static let frameManifest = """
    name: frames
    version: 1.0.0
    kind: protocol
    protocol: Frames
    number: 230
    pairing: identifier
    ports: 7000
    opens: f7
    """

  /// A protocol of frames: f7, how long the frame is, an id, Q or A, and a text.
  package static let frames = PluginText(
    manifest: frameManifest,
    body: """
      (func (export "metaflow_recognize") (result i32)
        (if (i32.lt_u (call $get (i32.const 16)) (i32.const 4)) (then (return (i32.const 1))))
        (if (i32.eq (call $payload (i32.const 3)) (i32.const 81)) (then (return (i32.const 3))))
        (if (i32.eq (call $payload (i32.const 3)) (i32.const 65)) (then (return (i32.const 4))))
        (i32.const 0))
      (func (export "metaflow_read") (result i32)
        (local $count i32)
        (local.set $count (call $get (i32.const 16)))
        (if (i32.ne (call $payload (i32.const 0)) (i32.const 247)) (then (return (i32.const 0))))
        (if (i32.lt_u (local.get $count) (i32.const 4)) (then
          (call $put (i32.const 144) (i32.const 3))
          (call $put (i32.const 152) (i32.const 4))
          (if (i32.and (call $get (i32.const 28)) (i32.const 1)) (then
            (call $put (i32.const 144) (i32.const 2))
            (call $put (i32.const 152) (local.get $count))))
          (return (i32.const 1))))
        (if (i32.lt_u (call $payload (i32.const 1)) (i32.const 4)) (then (return (i32.const 0))))
        (if (i32.and (i32.lt_u (local.get $count) (call $payload (i32.const 1)))
              (i32.eqz (i32.and (call $get (i32.const 28)) (i32.const 1)))) (then
          (call $put (i32.const 144) (i32.const 3))
          (call $put (i32.const 152) (call $payload (i32.const 1)))
          (return (i32.const 1))))
        (call $put (i32.const 144) (i32.const 1))
        (call $put (i32.const 152) (call $payload (i32.const 1)))
        (call $put (i32.const 148) (i32.eq (call $payload (i32.const 3)) (i32.const 65)))
        (call $put (i32.const 160) (call $payload (i32.const 2)))
        (call $put (i32.const 168) (call $payload (i32.const 2)))
        (call $put (i32.const 196) (i32.const 3))
        ;; The text is the request's type, or the answer's result.
        (if (i32.gt_u (local.get $count) (i32.const 4)) (then
          (if (i32.eq (call $payload (i32.const 3)) (i32.const 81))
            (then
              (call $put (i32.const 232) (i32.const 8196))
              (call $put (i32.const 236) (i32.sub (call $payload (i32.const 1)) (i32.const 4))))
            (else
              (call $put (i32.const 272) (i32.const 8196))
              (call $put (i32.const 276)
                (i32.sub (call $payload (i32.const 1)) (i32.const 4)))))))
        (i32.const 1))
      """)

  /// A hook on HTTP whose function is `body`.
  package static func hook(_ body: String, protocols: String = "HTTP", more: String = "")
    -> PluginText
  {
    PluginText(
      manifest: "name: hook\nversion: 2\nkind: hook\nprotocols: \(protocols)\n\(more)",
      body: "(func (export \"metaflow_message\") (result i32) \(body))")
  }
}
