// SPDX-License-Identifier: Apache-2.0

package import Logging
package import Plugins

/// Looks at the files of plugins, replaces the modules of those that changed, and hands on what they log.
package struct PluginWatch {
  private let plugins: PluginSet
  private let logger: Logger
  /// Of each plugin: what was loaded, or refused, and what was seen at the last look.
  private var known: [PluginFile.Mark?]
  private var seen: [PluginFile.Mark?]

  package init(_ plugins: PluginSet, _ logger: Logger) {
    self.plugins = plugins
    self.logger = logger
    known = plugins.plugins.map { PluginFile.Mark($0.file) }
    seen = known
  }

  /// Looks every two seconds until its task is cancelled.
  static func run(_ plugins: PluginSet, _ logger: Logger) async {
    guard !plugins.plugins.isEmpty else { return }
    var watch = PluginWatch(plugins, logger)
    while (try? await Task.sleep(for: .seconds(2))) != nil { watch.look() }
  }

  /// Loads what changed and is the same as at the last look: a file may be written in pieces.
  package mutating func look() {
    for (index, slot) in plugins.plugins.enumerated() {
      for line in slot.takeLog() { logger.info("Plugin \(slot.manifest.name) says: \(line)") }
      let mark = PluginFile.Mark(slot.file)
      defer { seen[index] = mark }
      guard let mark, mark != known[index], mark == seen[index] else { continue }
      known[index] = mark
      let old = slot.manifest
      do throws(PluginError) {
        try plugins.reload(slot)
        logger.info(
          "Plugin \(old.name): \(slot.manifest.version) is loaded in place of \(old.version)")
      } catch {
        logger.warning("Plugin \(slot.file): \(error). Version \(old.version) stays")
      }
    }
  }
}
