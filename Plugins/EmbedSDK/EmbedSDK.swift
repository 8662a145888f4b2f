// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackagePlugin

/// Writes the files of `sdk/` that `metaflow plugin new` hands out into a Swift file, as ``SDKFile/all``.
@main
struct EmbedSDK: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let folder = context.package.directoryURL.appending(path: "sdk")
    let names = ["c", "templates"].flatMap { part in
      let found = FileManager.default.enumerator(atPath: folder.appending(path: part).path)
      return (found?.compactMap { $0 as? String } ?? []).map { part + "/" + $0 }
    }
    let files = names.sorted().map { (path: $0, url: folder.appending(path: $0)) }
      .filter { !$0.url.hasDirectoryPath && !isFolder($0.url) }
    let output = context.pluginWorkDirectoryURL.appending(path: "SDKFile+All.swift")
    var script = """
      set -e
      {
        printf '// SPDX-License-Identifier: Apache-2.0\\n'
        printf 'extension SDKFile {\\n  static let all: [SDKFile] = [\\n'

      """
    for file in files {
      script += """
          printf '    SDKFile(path: "\(file.path)", base64: "'
          base64 -w0 '\(file.url.path)'
          printf '"),\\n'

        """
    }
    script += """
        printf '  ]\\n}\\n'
      } > '\(output.path)'
      """
    return [
      .buildCommand(
        displayName: "Packing the SDK", executable: URL(filePath: "/bin/sh"),
        arguments: ["-c", script], inputFiles: files.map(\.url), outputFiles: [output])
    ]
  }

  private func isFolder(_ url: URL) -> Bool {
    (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory ?? false
  }
}
