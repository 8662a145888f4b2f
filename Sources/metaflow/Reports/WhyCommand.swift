// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `metaflow why`: where the tags of one row come from.
struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Show where the tags of a call or a flow come from.",
    discussion: """
      Each end is told with the resources that it was in the second of the row, since when that is true
      of them, and who says so: an agent of the host, or the agent that watches the cluster. "Known by" is
      the tag tag_source; Unclear means that two had the address in that second, so that neither is told.

      EXAMPLES
        metaflow why 7689984213423620096
        metaflow why 7689984213423620096 --attributes
        metaflow why 7689984213423620096 --json

      The number of a call or flow is `id` in `metaflow calls --json` and `metaflow flows --json`.
      """)

  @Argument(help: "The number of a call or of a flow.")
  var id: String

  @Flag(name: .long, help: "Also show labels, annotations, variables and other attributes.")
  var attributes = false

  @Flag(name: .long, help: "Print the server's answer, with all that is known of each resource.")
  var json = false

  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard UInt64(id) != nil else {
      throw ValidationError("'\(id)' is no number of a call or of a flow")
    }
  }

  func run() async throws {
    let (told, text) = try await APIClient(options: server).ends(of: id)
    print(
      json ? String(decoding: text, as: UTF8.self) : told.lines(attributes: attributes),
      terminator: "")
  }
}

/// What the server says of a row's ends.
struct EndsAnswer: Decodable {
  struct Attribute: Decodable {
    var name: String
    var value: String
  }

  struct Resource: Decodable {
    var tag: String
    var kind: String
    var name: String
    var toldBy: String
    var validFrom: Int64
    var validTo: Int64
    var attributes: [Attribute]

    enum CodingKeys: String, CodingKey {
      case tag, kind, name, attributes
      case toldBy = "told_by"
      case validFrom = "valid_from"
      case validTo = "valid_to"
    }
  }

  struct End: Decodable {
    var ip: String
    var port: Int
    var service: String
    var instance: String
    var source: [String]
    var resources: [Resource]

    enum CodingKeys: String, CodingKey {
      case ip, port, resources
      case service = "auto_service"
      case instance = "auto_instance"
      case source = "tag_source"
    }
  }

  var time: Int64
  var agentHost: String
  var point: String
  var client: End
  var server: End

  enum CodingKeys: String, CodingKey {
    case time, client, server
    case agentHost = "agent_host"
    case point = "observation_point"
  }

  func lines(attributes: Bool) -> String {
    var lines = [
      "at \(QueryResult.utcText(time, ticks: 1)), seen at \(point)"
        + (agentHost.isEmpty ? "" : " on \(agentHost)")
    ]
    for (side, end) in [("client", client), ("server", server)] {
      lines.append("")
      lines.append("\(side) \(end.ip):\(end.port), told as \(end.service) (\(end.instance))")
      let source =
        end.source.isEmpty ? "nothing but the address" : end.source.joined(separator: ", ")
      lines.append("  known by  \(source)")
      let width = end.resources.map(\.tag.count).max() ?? 0
      for resource in end.resources {
        let until =
          resource.validTo == 0 ? "" : " until \(QueryResult.utcText(resource.validTo, ticks: 1))"
        let tag = resource.tag + String(repeating: " ", count: width - resource.tag.count)
        lines.append(
          "  \(tag)  \(resource.name)  (\(resource.kind), since \(QueryResult.utcText(resource.validFrom, ticks: 1))"
            + "\(until), says the \(resource.toldBy))")
        guard attributes else { continue }
        for attribute in resource.attributes {
          lines.append("    \(attribute.name) = \(attribute.value)")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
