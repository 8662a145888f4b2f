// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `metaflow plugin new`.
struct NewPluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a folder with a plugin that works, to begin with.",
    discussion: """
      The folder holds the plugin in C or in Swift, the header that says what a plugin can do, a Makefile, and
      room for captures. Building it needs a clang that knows wasm32, such as that of a Swift toolchain.

      EXAMPLES
        metaflow plugin new orders && make -C orders
        metaflow plugin new orders --language swift
        metaflow plugin new tenants --kind hook
      """)

  enum Language: String, ExpressibleByArgument, CaseIterable {
    case c, swift
  }

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case `protocol`, hook
  }

  @Argument(help: "Its name, which is also the folder's: small letters, digits and -.")
  var name: String
  @Option(help: "protocol, which reads what nobody knows, or hook, which adds to known calls.")
  var kind: Kind = .protocol
  @Option(help: "c, or swift (protocols).")
  var language: Language = .c

  func validate() throws {
    let isName = name.utf8.allSatisfy {
      (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
    }
    guard isName, (1...32).contains(name.utf8.count), !name.hasPrefix("-") else {
      throw ValidationError(
        "'\(name)' is no name of a plugin: write 1 to 32 small letters, digits and -")
    }
    guard language == .c || kind == .protocol else {
      throw ValidationError("a hook to begin with is there in C only; leave --language out")
    }
  }

  func run() throws {
    let files = FileManager.default
    guard !files.fileExists(atPath: name) else {
      complain("\(name) is there already; choose another name, or remove it")
      throw ExitCode(73)
    }
    do {
      try files.createDirectory(atPath: name + "/captures", withIntermediateDirectories: true)
      switch language {
      case .c:
        try write("templates/\(kind.rawValue).c", to: name + ".c")
        try write("templates/c.mk", to: "Makefile")
      case .swift:
        try write("templates/protocol.swift", to: name + ".swift")
        try write("templates/swift.c", to: name + ".c")
        try write("templates/swift.mk", to: "Makefile")
      }
      try write("c/metaflow_plugin.h", to: "metaflow_plugin.h")
    } catch {
      complain("\(name) cannot be written: \(error.localizedDescription)")
      throw ExitCode(73)
    }
    print(
      """
      \(name)/\(name).\(language.rawValue) is a \(kind.rawValue) that works. Go on with

        make -C \(name)
        cp SOME.pcap \(name)/captures/
        metaflow plugin test \(name)
      """)
  }

  private func write(_ source: String, to target: String) throws {
    guard let file = SDKFile.all.first(where: { $0.path == source }),
      let data = Data(base64Encoded: file.base64)
    else { preconditionFailure("the SDK has \(source)") }
    let text = String(decoding: data, as: UTF8.self).replacingOccurrences(of: "NAME", with: name)
    try Data(text.utf8).write(to: URL(filePath: name).appending(path: target))
  }
}
