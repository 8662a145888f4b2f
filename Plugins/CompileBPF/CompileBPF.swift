// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackagePlugin

/// Compiles every `bpf/*.bpf.c` with the toolchain's own clang and writes each object into a Swift
/// file, as `BPFObject.<name>`.
///
/// It emits Swift because nothing else that a plugin may emit reaches the program: generated C is
/// dropped, and a listed object file becomes a resource. Neither root, nor kernel headers, nor the
/// running kernel's type information is needed; libbpf's headers are.
@main
struct CompileBPF: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let folder = context.package.directoryURL.appending(path: "bpf")
    let shared = context.package.directoryURL.appending(path: "Sources/CProbes/include")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    let headers =
      files.filter { $0.pathExtension == "h" } + [shared.appending(path: "probe_events.h")]
    let clang = try context.tool(named: "clang").url.path
    let objcopy = try context.tool(named: "llvm-objcopy").url.path
    return
      files
      .filter { $0.lastPathComponent.hasSuffix(".bpf.c") }
      .sorted { $0.path < $1.path }
      .map { source in
        let name = String(source.lastPathComponent.dropLast(".bpf.c".count))
        let object = context.pluginWorkDirectoryURL.appending(path: "\(name).bpf.o")
        let swift = context.pluginWorkDirectoryURL.appending(path: "BPFObject+\(name).swift")
        // A cold part split off would be a function that libbpf refuses to load.
        let flags =
          "-target bpf -mcpu=v3 -D__TARGET_ARCH_\(Self.machine) -O2 -g -Wall -Wextra -Wpadded -Werror"
          + " -Xclang -fno-split-cold-code"
        let script = """
          set -e
          '\(clang)' \(flags) -I'\(folder.path)' -I'\(shared.path)' -c '\(source.path)' -o '\(object.path)'
          '\(objcopy)' --strip-debug '\(object.path)'
          {
            printf '// SPDX-License-Identifier: Apache-2.0\\n'
            printf '// Compiled from bpf/\(name).bpf.c; see there.\\n'
            printf 'extension BPFObject {\\n'
            printf '  package static let \(name) = BPFObject(name: "\(name)", base64: "'
            base64 -w0 '\(object.path)'
            printf '")\\n}\\n'
          } > '\(swift.path)'
          """
        return .buildCommand(
          displayName: "Compiling probe \(name)", executable: URL(filePath: "/bin/sh"),
          arguments: ["-c", script], inputFiles: [source] + headers, outputFiles: [swift])
      }
  }

  /// The machine's name in libbpf's headers. The probes run on the machine that builds them.
  private static var machine: String {
    #if arch(arm64)
      "arm64"
    #else
      "x86"
    #endif
  }
}
