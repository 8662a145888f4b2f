// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow traces`: the search over traces.
struct TracesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "traces", abstract: "Search for traces by any call in them.",
    discussion: """
      A trace is found by each of its calls. MATCH counts those that have all that is asked for;
      `metaflow trace ID` draws the tree. A trace that carries no trace id is named by its first call.
      With --map, OF PATH is the share of what the traces waited for (their critical paths).

      EXAMPLES
        metaflow traces --service orders --errors
        metaflow traces --caller gateway --callee orders --slower 250
        metaflow traces --longer 1000 --last 1h --sort duration
        metaflow traces --endpoint '/items/{n}'
        metaflow traces --attribute http_user_agent=curl/8.5.0
        metaflow traces --tag host_1=web-1 --json
        metaflow traces --service orders --map
      """)

  @Option(name: .long, help: "With a call of this service, as client or server.")
  var service: String?

  @Option(name: .long, help: "With a call by this service.")
  var caller: String?

  @Option(name: .long, help: "With a call to this service.")
  var callee: String?

  @Option(name: .long, help: "With a call in this protocol, such as HTTP.")
  var `protocol`: String?

  @Option(name: .long, help: "With a call of this endpoint.")
  var endpoint: String?

  @Option(name: .long, help: "With a call whose resource or domain contains this text.")
  var resource: String?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("With a call slower than this.", valueName: "ms"))
  var slower: Double?

  @Flag(name: .long, help: "With a call that failed, by the client's or the server's fault.")
  var errors = false

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("As a whole at least this long.", valueName: "ms"))
  var longer: Double?

  @Option(
    name: .long, parsing: .unconditional,
    help: ArgumentHelp("As a whole at most this long.", valueName: "ms"))
  var shorter: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With a call that has this attribute; may be given several times.", valueName: "name=value"))
  var attribute: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With a call that has this tag of SQL; may be given several times.", valueName: "name=value"))
  var tag: [String] = []

  /// What the server sorts by.
  enum Sort: String, ExpressibleByArgument, CaseIterable {
    case time, duration
  }

  @Option(
    name: .long, help: "By the calls that match: the latest (time) or the slowest (duration) first."
  )
  var sort = Sort.time

  @Flag(
    name: .long,
    help: "Tell instead which calls cause which in up to 200 such traces, the costliest first.")
  var map = false

  @OptionGroup var options: ReportOptions

  func validate() throws {
    guard options.limit <= 200 else {
      throw ValidationError("--limit is \(options.limit); of traces it must be from 1 to 200")
    }
  }

  func run() async throws {
    try await options.client.checkProtocol(self.protocol)
    for name in [service, caller, callee] { try await options.client.checkService(name) }
    if map { return try await showMap() }
    let (list, text) = try await options.client.traces(parameters(limit: options.limit))
    if options.json {
      print(String(decoding: text, as: UTF8.self), terminator: "")
    } else if list.traces.isEmpty {
      tellNothing()
    } else {
      print(list.table, terminator: "")
    }
    for note in list.notes { complain("note: \(note)") }
    QueryAnswer.tell(list.losses ?? [], unknown: list.unknownLosses, when: "in this time range")
  }

  private func showMap() async throws {
    let (map, text) = try await options.client.traceMap(parameters(limit: Self.mostTraces))
    if options.json {
      print(String(decoding: text, as: UTF8.self), terminator: "")
    } else if map.edges.isEmpty {
      tellNothing()
    } else {
      print(map.table(limit: options.limit), terminator: "")
      complain("note: of \(map.traces) traces\(map.isCut ? ", of which there are more" : "")")
    }
    for note in map.notes { complain("note: \(note)") }
    QueryAnswer.tell(map.losses ?? [], unknown: map.unknownLosses, when: "in this time range")
  }

  private static let mostTraces = 200

  private func tellNothing() {
    complain(
      "No trace \(options.window.text). Loosen a filter, look further back with --last, or make a call."
    )
  }

  private func parameters(limit: Int) -> [(String, String?)] {
    options.window.parameters + [
      ("limit", "\(limit)"), ("own", options.own ? "1" : nil), ("service", service),
      ("client", caller), ("server", callee), ("protocol", self.protocol),
      ("endpoint", endpoint), ("resource", resource), ("status", errors ? "error" : nil),
      ("slower", Self.microseconds(slower)), ("longer", Self.microseconds(longer)),
      ("shorter", Self.microseconds(shorter)), ("sort", sort.rawValue),
    ] + attribute.map { ("attribute", $0) } + tag.map { ("tag", $0) }
  }

  private static func microseconds(_ milliseconds: Double?) -> String? {
    milliseconds.map { "\(Int64(max(0, min($0, 1e9)) * 1_000))" }
  }
}
