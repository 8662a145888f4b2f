// SPDX-License-Identifier: Apache-2.0

package import ConfigurationFile
package import Plugins

/// The settings under `plugins`.
package struct PluginConfiguration: Hashable, Sendable {
  /// As many as may be asked for.
  package static let mostPayload = 16_384

  /// Files of plugins, loaded in this order, and of rules (.yaml), behind them.
  package var files: [String] = []
  /// Bytes of a message that hooks may see.
  package var payload = 0
  /// Microseconds of processor time that one call may take.
  package var callTime = 1_000
  /// Bytes of memory of one instance.
  package var memory = 16 << 20

  package init() {}

  init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    files = try reader.list("plugins.files", default: files, expected: "paths of files") {
      $0.isEmpty ? nil : $0
    }
    payload = try reader.integer("plugins.payload", default: payload, in: 0...Self.mostPayload)
    callTime = try reader.integer("plugins.call_time", default: callTime, in: 100...100_000)
    memory = try reader.bytes(
      "plugins.memory", default: memory, atLeast: 1 << 16, atMost: 1 << 30)
  }

  /// Loads the files.
  ///
  /// - Parameter isRepeatable: whether calls are limited by instructions and not by time, so that the same
  ///   bytes give the same records on every machine.
  package func load(isRepeatable: Bool = false) throws(ConfigurationError) -> PluginSet {
    var limits = isRepeatable ? PluginLimits.repeatable : PluginLimits()
    if !isRepeatable { limits.measure = .time(Int64(callTime) * 1_000) }
    limits.memory = Int64(memory)
    let isRules = { (file: String) in file.hasSuffix(".yaml") || file.hasSuffix(".yml") }
    do throws(PluginError) {
      var set = try PluginSet(
        files: files.filter { !isRules($0) }, limits: limits, payload: payload)
      try add(files.filter(isRules), to: &set)
      return set
    } catch {
      throw ConfigurationError("\(error)")
    }
  }

  private func add(_ rules: [String], to set: inout PluginSet) throws(PluginError) {
    for file in rules {
      let read: FieldRules
      do throws(ConfigurationError) {
        read = try FieldRules(file: file)
      } catch {
        throw PluginError("\(error)")
      }
      do throws(PluginError) {
        try set.add(read, payload: payload)
      } catch {
        throw PluginError("rules \(file): \(error)")
      }
    }
  }
}
