// SPDX-License-Identifier: Apache-2.0

/// A module that follows the interface of `docs/formats/plugin-abi.md`, or that of DeepFlow's agent.
package final class Plugin: Sendable {
  /// The versions of the interface that are known.
  package static let version: Int32 = 1

  package let manifest: PluginManifest
  let module: SandboxModule
  /// Names of the header fields that it is told, when it is a hook.
  let headers: [[UInt8]]
  /// Set when it was made for DeepFlow's agent.
  let deepFlow: DeepFlowModule?

  /// Compiles a module and asks what it is.
  ///
  /// - Parameter name: what it is called when it does not say so itself.
  /// - Throws: why it cannot be used, in words that go on with the file's name.
  package init(
    _ bytes: [UInt8], _ engine: SandboxEngine, name: String = "plugin"
  ) throws(PluginError) {
    let module = try SandboxModule(bytes, engine)
    self.module = module
    deepFlow = try DeepFlowModule(module, name: name)
    if let deepFlow {
      manifest = PluginManifest(name: name, deepFlow.hooks)
    } else {
      manifest = try Self.describe(module)
    }
    if case .hook(let hook) = manifest.kind {
      headers = hook.headers.map { Array($0.utf8) }
    } else {
      headers = []
    }
  }

  package var counters: PluginCounters { module.counters }

  private static func describe(_ module: SandboxModule) throws(PluginError) -> PluginManifest {
    guard var seat = module.borrow() else {
      throw PluginError("it does not start: \(module.counters.lastFault)")
    }
    guard seat.exports(.abi), seat.exports(.describe), seat.desk != 0 else {
      throw PluginError(
        "it lacks metaflow_abi, metaflow_describe or metaflow_desk, so it is no plugin of MetaFlow's"
      )
    }
    let version = seat.call(.abi)
    guard version == Self.version else {
      throw PluginError(
        version.map {
          "it is made for version \($0) of the interface; this agent knows \(Self.version)"
        } ?? "metaflow_abi failed: \(module.counters.lastFault)")
    }
    guard let place = seat.call(.describe) else {
      throw PluginError("metaflow_describe failed: \(module.counters.lastFault)")
    }
    guard let text = seat.text(at: UInt32(bitPattern: place)) else {
      throw PluginError(
        "metaflow_describe names no text of at most \(PluginManifest.longest) bytes that ends with a 0"
      )
    }
    let manifest = try PluginManifest(text)
    switch manifest.kind {
    case .protocol:
      guard seat.exports(.recognize), seat.exports(.read) else {
        throw PluginError("it is a protocol, but lacks metaflow_recognize or metaflow_read")
      }
    case .hook:
      guard seat.exports(.message) else {
        throw PluginError("it is a hook, but lacks metaflow_message")
      }
    case .deepFlow: break
    }
    return manifest
  }
}

extension SandboxSeat {
  /// A text in its memory with a closing 0; nil when there is none.
  fileprivate func text(at place: UInt32) -> String? {
    var bytes: [UInt8] = []
    var byte: [UInt8] = [0]
    while bytes.count < PluginManifest.longest {
      let (next, isOver) = place.addingReportingOverflow(UInt32(bytes.count))
      var span = byte.mutableSpan
      guard !isOver, read(&span, first: 1, at: next) else { return nil }
      if byte[0] == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte[0])
    }
    return nil
  }
}
