// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow trace`: the whole path of one request.
struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Show the whole path of a request as a tree.",
    discussion: """
      A call stands below the one that caused it, with what says so and how sure that is. * marks the
      critical path: the calls that the end waited for. SELF is the time that is not spent in calls
      further down.

      EXAMPLES
        metaflow trace 7689984213423620096
        metaflow trace 4bf92f3577b34da6a3ce929d0e0e4736 --last 1h
        metaflow trace 3f2c9d1e-orders --by x_request_id --hops --why
        metaflow trace 7689984213423620099 --below 7689984213423620096
        metaflow trace 7689984213423620096 --json

      The number of a call is `id` in `metaflow calls --json`.
      """)

  /// What the id is.
  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case record, trace
    case identifier = "x_request_id"
  }

  @Argument(help: "The number of a call, a trace id, or an X-Request-ID.")
  var id: String

  @Option(
    name: .long, help: "What the id is: record, trace or x_request_id (default: whatever is found)."
  )
  var by: Kind?

  @Flag(name: .long, help: "Also show each place that saw a call.")
  var hops = false

  @Flag(name: .long, help: "Also show in words why each call stands where it stands.")
  var why = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Say instead why the call stands below this one, or does not.", valueName: "number"))
  var below: String?

  @Flag(name: .long, help: "Print the server's answer, with all that is known of each call.")
  var json = false

  @OptionGroup var window: TimeWindow

  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard !id.isEmpty, id.utf8.count <= 1_024 else {
      throw ValidationError("the id has \(id.utf8.count) bytes; it must have 1 to 1024")
    }
  }

  func run() async throws {
    if let below {
      let (told, text) = try await APIClient(options: server).reasons(id, below: below)
      print(json ? String(decoding: text, as: UTF8.self) : told.lines, terminator: "")
      return
    }
    let answer = try await APIClient(options: server).trace(
      id, window.parameters + [("by", by?.rawValue)])
    if json {
      print(String(decoding: answer.text, as: UTF8.self), terminator: "")
    } else {
      print(answer.trace.tree(showsHops: hops, showsReasons: why), terminator: "")
      for remark in answer.trace.remarks { complain("note: \(remark)") }
    }
    QueryAnswer.tell(
      answer.trace.losses ?? [], unknown: answer.trace.unknownLosses,
      when: "while the trace was")
  }
}
