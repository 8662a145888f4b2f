// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// A form in which telemetry comes: how the bytes of one body become records. One folder and one line
/// in ``IngestFormats/all`` each: docs/guides/adding-an-ingest-source.md.
///
/// The listeners (agents' frames, HTTP) and the journal know nothing of it but this. A body is decoded
/// when it comes, so that what cannot be read is refused before it is acknowledged, and once more when
/// it is stored, from the journal: the same body must give the same records both times.
package protocol IngestFormat: Sendable {
  /// As it stands in the path of `POST /v1/ingest/NAME`.
  static var name: String { get }

  /// Written to the journal with every body: never given to another format, and changed with every
  /// change of what a body means.
  static var number: FormatNumber { get }

  /// The media types of its bodies over HTTP, best first; empty where it does not come that way.
  static var contentTypes: [String] { get }

  /// Bytes in front of a body that are not compressed with the rest of it.
  static var plainBytes: Int { get }

  /// Reads a body over `batch`, whose buffers are reused. Pure: no clock, no file, no state.
  ///
  /// - Parameters:
  ///   - body: Decompressed, but for what stands in front (``plainBytes``), which is left out.
  ///   - names: The numbers that the server knows protocols by.
  /// - Returns: What of the body is not in `batch`, where the format lets a sender know.
  /// - Throws: The first fault, with its place. Then `batch` is not to be used.
  @discardableResult
  static func decode(
    _ body: Span<UInt8>, names: ProtocolNames, into batch: inout RecordBatch
  ) throws(FormatError) -> LeftOut
}

/// Records of a body that was taken without them: they say too little to be stored.
package struct LeftOut: Hashable, Sendable {
  package private(set) var records = 0
  /// What is wrong with the first of them; empty where all were taken.
  package private(set) var reason = ""

  package static let nothing = LeftOut()

  package mutating func add(_ reason: String) {
    if records == 0 { self.reason = reason }
    records += 1
  }
}

extension IngestFormat {
  package static var plainBytes: Int { 0 }
}

/// A format's number in the journal.
package struct FormatNumber: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The batches of agents, which the first layouts of the journal held only.
  package static let agentBatch = FormatNumber(rawValue: 0)
  package static let recordLines = FormatNumber(rawValue: 1)
  package static let openTelemetryTraces = FormatNumber(rawValue: 2)
  package static let openTelemetryJSONTraces = FormatNumber(rawValue: 3)
  package static let zipkinSpans = FormatNumber(rawValue: 4)
  package static let skyWalkingSegments = FormatNumber(rawValue: 5)
}

/// Every format. A new one is one line here.
package enum IngestFormats {
  package static let all: [any IngestFormat.Type] = [
    AgentBatch.self, RecordLines.self, ProtobufTraces.self, JSONTraces.self, ZipkinSpans.self,
    SkyWalkingSegments.self,
  ]

  /// Those that come over HTTP.
  package static var overHTTP: [any IngestFormat.Type] { all.filter { !$0.contentTypes.isEmpty } }

  static func format(_ number: FormatNumber) -> (any IngestFormat.Type)? {
    all.first { $0.number == number }
  }
}

/// The numbers of protocols by their names, as the catalog has them.
package struct ProtocolNames: Hashable, Sendable {
  private var numbers: [String: UInt8]

  package init(_ entries: some Sequence<(name: String, number: UInt8)>) {
    numbers = [:]
    for entry in entries { numbers[entry.name.lowercased()] = entry.number }
  }

  package static let none = ProtocolNames([])

  /// Nil for a name that nobody has announced. Case does not matter.
  package func number(of name: String) -> ApplicationProtocol? {
    numbers[name.lowercased()].map { ApplicationProtocol(rawValue: $0) }
  }
}

/// Why a body cannot be read. The text is for whoever sent it.
package struct FormatError: Error, Hashable, CustomStringConvertible {
  package enum Fault: Hashable, Sendable {
    /// The bytes are not what the format demands.
    case malformed
    /// More bytes or records than are taken at once.
    case oversized
  }

  /// A place in text, counted from 1; columns in bytes.
  package struct Place: Hashable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
      self.line = line
      self.column = column
    }
  }

  package var fault: Fault
  package var place: Place?
  /// What is wrong and what was expected, without the place.
  package var message: String

  package init(_ message: String, fault: Fault = .malformed, at place: Place? = nil) {
    self.message = message
    self.fault = fault
    self.place = place
  }

  package var description: String {
    guard let place else { return message }
    return "line \(place.line), column \(place.column): \(message)"
  }
}
