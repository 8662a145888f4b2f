// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow plugin`: protocols and fields of one's own.
struct PluginCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin", abstract: "Make and test plugins: protocols and fields of your own.",
    discussion: """
      EXAMPLES
        metaflow plugin new orders
        metaflow plugin new tenants --kind hook
        metaflow plugin test orders
      """,
    subcommands: [NewPluginCommand.self, TestPluginCommand.self])
}

/// A file of the SDK.
struct SDKFile {
  let path: String
  let base64: String
}
