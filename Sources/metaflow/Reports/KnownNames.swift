// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Names in options, which the server knows or not: one that it never saw is a mistake, not a filter
/// that finds nothing.
extension APIClient {
  /// - Throws: When no agent of this server can read the protocol.
  func checkProtocol(_ name: String?) async throws {
    guard let name else { return }
    let known = try await query("SHOW enum l7_protocol values", database: "").result.values
      .compactMap { $0.last?.text }
    guard !known.contains(where: { $0.lowercased() == name.lowercased() }) else { return }
    guard !known.isEmpty else {
      throw CommandFailure("no agent has connected yet, so no protocol is known to this server")
    }
    throw CommandFailure(
      "--protocol is '\(name)'; what is read here: \(known.sorted().joined(separator: ", "))")
  }

  /// - Throws: When no call or flow of the service was ever seen.
  func checkService(_ name: String?) async throws {
    // An end of which only the address is known is called by it.
    guard let name, !name.contains(":"), name.contains(where: \.isLetter) else { return }
    let column = "value"
    let found = try await query(
      "SHOW tag auto_service values FROM application WHERE \(column) LIKE \(literal("*\(name)*")) "
        + "LIMIT 1000", database: ""
    ).result.values.compactMap { $0.first?.text }
    guard !found.contains(name) else { return }
    let like = found.isEmpty ? "" : "; like it: " + found.prefix(5).joined(separator: ", ")
    throw CommandFailure(
      "no service '\(name)' was ever seen here\(like). `metaflow services` lists those that are")
  }
}
