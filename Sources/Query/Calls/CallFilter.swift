// SPDX-License-Identifier: Apache-2.0

/// Which calls are wanted, and in which order. What it says is asked of a call as its client saw it.
package struct CallFilter: Hashable, Sendable {
  /// What the answer may be sorted by.
  package enum Sort: String, Hashable, Sendable, CaseIterable {
    case time, client, server, endpoint, status
    case `protocol`
    case duration = "response_duration"
    case type = "request_type"
    case resource = "request_resource"
    case domain = "request_domain"
    case requestLength = "request_length"
    case responseLength = "response_length"
  }

  /// Both ends of one TCP or UDP connection.
  package struct Connection: Hashable, Sendable {
    var client: String
    var clientPort: UInt16
    var server: String
    var serverPort: UInt16

    /// Reads "10.0.0.1 40000 10.0.0.2 80".
    package init?(_ text: String) {
      let parts = text.split(separator: " ").map(String.init)
      guard parts.count == 4, let from = UInt16(parts[1]), let to = UInt16(parts[3]) else {
        return nil
      }
      (client, clientPort, server, serverPort) = (parts[0], from, parts[2], to)
    }
  }

  /// An attribute with its value.
  package struct Attribute: Hashable, Sendable {
    var name: String
    var value: String

    /// Reads "kafka.topic=orders"; the value may have `=` in it. By scalars: a mark that joins the sign
    /// makes one character of both.
    package init?(_ text: String) {
      let scalars = text.unicodeScalars
      guard let sign = scalars.firstIndex(of: "="), sign > scalars.startIndex else { return nil }
      name = String(scalars[..<sign])
      value = String(scalars[scalars.index(after: sign)...])
    }
  }

  /// Seconds since the epoch, both included.
  package var time: ClosedRange<Int64>
  package var service: String?
  package var client: String?
  package var server: String?
  package var `protocol`: String?
  /// The names of `response_status`; empty for any.
  package var statuses: [String] = []
  /// Microseconds.
  package var leastDuration: UInt64?
  /// Text in the resource or the domain.
  package var resource: String?
  package var endpoint: String?
  package var trace: String?
  package var port: UInt16?
  package var connection: Connection?
  /// Attributes that the call has, with these values.
  package var attributes: [Attribute] = []
  /// Tags that the call has, by the names of the dialect, with these values.
  package var tags: [Attribute] = []
  /// Also what MetaFlow's own programs do.
  package var includesOwn = false
  /// Nil: the records of a call are one. Else each record is told by itself: of one observation
  /// point, or of all where this is empty.
  package var point: String?
  package var sort = Sort.time
  package var isDescending = true
  package var limit = 300

  package init(time: ClosedRange<Int64>) {
    self.time = time
  }

  /// MetaFlow's own programs, which watch themselves.
  package static let ownPrograms = [
    "metaflow", "metaflow-agent", "metaflow-engine", "metaflow-server",
  ]

  /// The conditions as the dialect has them.
  var conditions: String {
    var all = ["time >= \(time.lowerBound)", "time <= \(time.upperBound)"]
    if let service {
      let name = Self.literal(service)
      all.append("(auto_service_0 = \(name) OR auto_service_1 = \(name))")
    }
    if let client { all.append("auto_service_0 = \(Self.literal(client))") }
    if let server { all.append("auto_service_1 = \(Self.literal(server))") }
    if let `protocol` { all.append("l7_protocol = \(Self.literal(`protocol`))") }
    if !statuses.isEmpty { all.append("response_status IN \(Self.list(statuses))") }
    if let leastDuration { all.append("response_duration >= \(leastDuration)") }
    if let resource {
      let pattern = Self.literal("*\(resource)*")
      all.append("(request_resource LIKE \(pattern) OR request_domain LIKE \(pattern))")
    }
    if let endpoint { all.append("endpoint = \(Self.literal(endpoint))") }
    if let trace { all.append("trace_id = \(Self.literal(trace))") }
    if let port { all.append("server_port = \(port)") }
    if let connection { all.append(Self.condition(connection)) }
    all += attributes.map { "\(Self.quoted("attribute." + $0.name)) = \(Self.literal($0.value))" }
    all += tags.map { "\(Self.quoted($0.name)) = \(Self.literal($0.value))" }
    if let point, !point.isEmpty { all.append("observation_point = \(Self.literal(point))") }
    if leavesOwnOut { all.append("auto_service_1 NOT IN \(Self.list(Self.ownPrograms))") }
    return all.joined(separator: " AND ")
  }

  /// Who names one of them, or a connection, wants it.
  private var leavesOwnOut: Bool {
    let isNamed = [service, client, server].contains { name in
      name.map(Self.ownPrograms.contains) ?? false
    }
    return !includesOwn && !isNamed && connection == nil
  }

  static func condition(_ ends: Connection) -> String {
    "ip_0 = \(literal(ends.client)) AND client_port = \(ends.clientPort) "
      + "AND ip_1 = \(literal(ends.server)) AND server_port = \(ends.serverPort)"
  }

  static func list(_ texts: some Sequence<String>) -> String {
    "(" + texts.map(literal).joined(separator: ", ") + ")"
  }

  /// A name of the dialect, whatever is in it. By scalars, as a literal.
  static func quoted(_ name: String) -> String {
    var quoted = "`"
    for scalar in name.unicodeScalars {
      if scalar == "`" { quoted.append("`") }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "`"
  }

  /// A string literal of the dialect. By scalars: a quote that bears an accent is a quote.
  static func literal(_ text: String) -> String {
    var literal = "'"
    for scalar in text.unicodeScalars {
      if scalar == "'" || scalar == "\\" { literal.unicodeScalars.append("\\") }
      literal.unicodeScalars.append(scalar)
    }
    return literal + "'"
  }
}
