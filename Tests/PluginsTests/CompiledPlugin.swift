// SPDX-License-Identifier: Apache-2.0

import Foundation
import Plugins
import Testing

/// Compiles a plugin of the SDK with the toolchain's clang.
enum CompiledPlugin {
  static let sdk = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "sdk")

  /// The module of a file below `sdk/`, whose text `change` may change.
  static func bytes(
    _ path: String, _ change: (String) -> String = { $0 }
  ) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "metaflow-plugin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appending(path: "plugin.c")
    let text = try String(contentsOf: sdk.appending(path: path), encoding: .utf8)
    try Data(change(text).utf8).write(to: source)
    let output = folder.appending(path: "plugin.wasm")
    let clang = Process()
    clang.executableURL = URL(filePath: "/usr/bin/env")
    clang.arguments = [
      "clang", "--target=wasm32", "-O2", "-fno-builtin", "-nostdlib", "-Wall", "-Wextra", "-Werror",
      "-Wl,--no-entry", "-I", sdk.appending(path: "c").path, "-o", output.path, source.path,
    ]
    try clang.run()
    clang.waitUntilExit()
    try #require(clang.terminationStatus == 0, "clang, which comes with Swift, compiles \(path)")
    return Array(try Data(contentsOf: output))
  }

  /// The module of the template in Swift, made as its Makefile says.
  static func swiftTemplate(named name: String) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "metaflow-plugin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = [
      ("templates/protocol.swift", name + ".swift"), ("templates/swift.c", name + ".c"),
      ("templates/swift.mk", "Makefile"), ("c/metaflow_plugin.h", "metaflow_plugin.h"),
    ]
    for (source, target) in files {
      let text = try String(contentsOf: sdk.appending(path: source), encoding: .utf8)
      try Data(text.replacing("NAME", with: name).utf8).write(to: folder.appending(path: target))
    }
    let make = Process()
    make.executableURL = URL(filePath: "/usr/bin/env")
    make.arguments = ["make", "-s", "-C", folder.path]
    try make.run()
    make.waitUntilExit()
    try #require(make.terminationStatus == 0, "the template's Makefile makes it")
    return Array(try Data(contentsOf: folder.appending(path: name + ".wasm")))
  }

  static func plugin(_ path: String, _ change: (String) -> String = { $0 }) throws -> Plugin {
    try Plugin(try bytes(path, change), try SandboxEngine(.repeatable))
  }
}
