// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackagePlugin

/// Writes every file of `web/`, and the chart library, into a Swift file, as ``WebFile/all``: packed,
/// because browsers get them so, and as text, because that is what the compiler takes in no time.
///
/// It emits Swift because nothing else that a plugin may emit reaches the program.
@main
struct EmbedWeb: BuildToolPlugin {
  struct Fault: Error, CustomStringConvertible {
    let description: String
  }

  /// Content types by the ending of a file's name; others are no files of the UI.
  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
  ]

  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let root = context.package.directoryURL
    let folder = root.appending(path: "web")
    let library = root.appending(path: ".bootstrap/web/echarts.min.js")
    guard FileManager.default.fileExists(atPath: library.path) else {
      throw Fault(description: "the chart library is missing: run 'make bootstrap' first")
    }
    let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }
    var files = (names ?? []).sorted().map { (path: "/" + $0, url: folder.appending(path: $0)) }
    files.append((path: "/echarts.min.js", url: library))
    files.removeAll { Self.types[$0.url.pathExtension] == nil }
    let output = context.pluginWorkDirectoryURL.appending(path: "WebFile+All.swift")
    var script = """
      set -e
      {
        printf '// SPDX-License-Identifier: Apache-2.0\\n'
        printf 'extension WebFile {\\n  package static let all: [WebFile] = [\\n'

      """
    for file in files {
      script += """
          printf '    WebFile(path: "\(file.path)", type: "\(Self.types[file.url.pathExtension] ?? "")", '
          printf 'size: %d, base64: "' "$(wc -c < '\(file.url.path)')"
          gzip -9nc '\(file.url.path)' | base64 -w0
          printf '"),\\n'

        """
    }
    script += """
        printf '  ]\\n}\\n'
      } > '\(output.path)'
      """
    return [
      .buildCommand(
        displayName: "Packing the web UI", executable: URL(filePath: "/bin/sh"),
        arguments: ["-c", script], inputFiles: files.map(\.url), outputFiles: [output])
    ]
  }
}
