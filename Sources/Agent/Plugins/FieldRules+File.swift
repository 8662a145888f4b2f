// SPDX-License-Identifier: Apache-2.0

package import ConfigurationFile
package import Plugins

extension FieldRules {
  private static let targets: [(key: String, target: Target)] = [
    ("endpoint_is", .endpoint), ("request_type", .requestType), ("request_domain", .domain),
    ("request_resource", .resource), ("exception", .exception), ("result", .result),
    ("trace_id", .traceID), ("span_id", .spanID), ("x_request_id", .requestID),
    ("proxy_client", .proxyClient), ("code", .code),
  ]

  /// Reads a file of rules; `docs/guides/fields.md` has its form.
  ///
  /// - Throws: the line that is wrong, and what it must be.
  package init(file: String) throws(ConfigurationError) {
    var reader = try ConfigurationReader(path: file)
    try self.init(&reader)
  }

  package init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    self.init(name: try reader.string("name", default: ""))
    guard !name.isEmpty else {
      throw reader.fault("name", "is missing: give these rules a name")
    }
    payload = try reader.integer("payload", default: payload, in: 0...16_384)
    var names: [String] = []
    for key in reader.keys(below: "rules") {
      let name = String(key.split(separator: ".")[0])
      if !names.contains(name) { names.append(name) }
    }
    for name in names { rules.append(try Self.rule("rules." + name, &reader)) }
    guard !rules.isEmpty else {
      throw reader.fault("rules", "is missing: name at least one rule under it")
    }
    try reader.finish()
  }

  private static func rule(
    _ key: String, _ reader: inout ConfigurationReader
  ) throws(ConfigurationError) -> Rule {
    let half = try reader.read(
      key + ".message", default: Half.request, expected: "request or response"
    ) { ["request": Half.request, "response": .response][$0] }
    var rule = Rule(protocols: try reader.list(key + ".protocols", default: []), half: half)
    guard !rule.protocols.isEmpty else {
      throw reader.fault(key + ".protocols", "is missing: name protocols, such as [HTTP]")
    }
    let endpoint = try reader.string(key + ".endpoint", default: "")
    if !endpoint.isEmpty {
      guard half == .request else {
        throw reader.fault(
          key + ".endpoint", "is of requests; what answers hold does not say their endpoint")
      }
      rule.endpoint = endpoint
    }
    for (name, target) in targets {
      if let source = try source(key + "." + name, &reader) {
        rule.fields.append(Field(target, source))
      }
    }
    for name in reader.keys(below: key + ".attributes") {
      if let source = try source(key + ".attributes." + name, &reader) {
        rule.fields.append(Field(.attribute(name), source))
      }
    }
    rule.success = try reader.list(key + ".success", default: [])
    rule.blamesServer = try reader.read(
      key + ".blame", default: false, expected: "client or server"
    ) { ["client": false, "server": true][$0] }
    return rule
  }

  private static func source(
    _ key: String, _ reader: inout ConfigurationReader
  ) throws(ConfigurationError) -> Source? {
    try reader.read(key, default: nil, expected: Source.expected) { text in
      Source(text).map { .some($0) }
    }
  }
}
