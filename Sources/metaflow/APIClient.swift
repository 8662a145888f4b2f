// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Talks to one server. Every failure becomes a sentence and exit code 1.
struct APIClient {
  let options: ServerOptions

  /// Bytes of an answer that are taken in at most; the server's own row limit keeps below it.
  private static let answerLimit = 512 << 20

  /// - Parameter precision: Which metrics tables are meant by a name without an interval: `1s`, `1m`,
  ///   `auto`; the server's usual ones when it is nil.
  func query(
    _ sql: String, database: String, precision: String? = nil
  ) async throws -> QueryAnswer {
    var fields = ["db": database, "sql": sql]
    fields["data_precision"] = precision
    let body = try JSONEncoder().encode(fields)
    return try decode(QueryAnswer.self, from: try await send("/v1/query/", body: body))
  }

  /// Figures, each thing counted once.
  func figures(_ request: FigureQuery) async throws -> QueryAnswer {
    let body = try JSONEncoder().encode(request)
    return try decode(QueryAnswer.self, from: try await send("/v1/figures", body: body))
  }

  /// Calls, one row each, by the parameters of `GET /v1/calls`; nil ones are left out.
  func calls(_ parameters: [(name: String, value: String?)]) async throws -> QueryAnswer {
    try await list("/v1/calls", parameters)
  }

  /// Flows, one row each, by the parameters of `GET /v1/flows`.
  func flows(_ parameters: [(name: String, value: String?)]) async throws -> QueryAnswer {
    try await list("/v1/flows", parameters)
  }

  private func list(
    _ path: String, _ parameters: [(name: String, value: String?)]
  ) async throws -> QueryAnswer {
    let given = parameters.compactMap { name, value in
      value.map { "\(name)=\(Self.escaped($0))" }
    }
    let path = path + "?" + given.joined(separator: "&")
    return try decode(QueryAnswer.self, from: try await send(path, body: nil))
  }

  /// RFC 3986, section 2: every byte but the unreserved ones as a percent sign and two digits.
  private static func escaped(_ text: String) -> String {
    text.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        return String(UnicodeScalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        return "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }.joined()
  }

  /// Traces by the parameters of `GET /v1/traces`, and the server's own text.
  func traces(
    _ parameters: [(name: String, value: String?)]
  ) async throws -> (list: TraceListAnswer, text: [UInt8]) {
    let given = parameters.compactMap { name, value in
      value.map { "\(name)=\(Self.escaped($0))" }
    }
    let text = try await send("/v1/traces?" + given.joined(separator: "&"), body: nil)
    return (try decode(TraceListAnswer.self, from: text), text)
  }

  /// What causes what in traces, by the parameters of `GET /v1/tracemap`.
  func traceMap(
    _ parameters: [(name: String, value: String?)]
  ) async throws -> (map: TraceMapAnswer, text: [UInt8]) {
    let given = parameters.compactMap { name, value in
      value.map { "\(name)=\(Self.escaped($0))" }
    }
    let text = try await send("/v1/tracemap?" + given.joined(separator: "&"), body: nil)
    return (try decode(TraceMapAnswer.self, from: text), text)
  }

  /// Calls that stand for intervals, by the parameters of `GET /v1/exemplars`.
  func exemplars(
    _ parameters: [(name: String, value: String?)]
  ) async throws -> (answer: ExemplarAnswer, text: [UInt8]) {
    let given = parameters.compactMap { name, value in
      value.map { "\(name)=\(Self.escaped($0))" }
    }
    let text = try await send("/v1/exemplars?" + given.joined(separator: "&"), body: nil)
    return (try decode(ExemplarAnswer.self, from: text), text)
  }

  /// The trace that an id names, and the server's own text.
  func trace(
    _ id: String, _ parameters: [(name: String, value: String?)]
  ) async throws -> (trace: TraceAnswer, text: [UInt8]) {
    let given = parameters.compactMap { name, value in
      value.map { "\(name)=\(Self.escaped($0))" }
    }
    let path = "/v1/traces/\(Self.escaped(id))?" + given.joined(separator: "&")
    let text = try await send(path, body: nil)
    return (try decode(TraceAnswer.self, from: text), text)
  }

  /// Why a call stands below another one, or does not.
  func reasons(_ id: String, below parent: String) async throws -> (
    told: TraceReasons, text: [UInt8]
  ) {
    let path = "/v1/traces/\(Self.escaped(id))/why?parent=\(Self.escaped(parent))"
    let text = try await send(path, body: nil)
    return (try decode(TraceReasons.self, from: text), text)
  }

  /// What the ends of a row are told as, and the server's own text.
  func ends(of id: String) async throws -> (told: EndsAnswer, text: [UInt8]) {
    let text = try await send("/v1/records/\(Self.escaped(id))/ends", body: nil)
    return (try decode(EndsAnswer.self, from: text), text)
  }

  func agents() async throws -> [AgentStatus] {
    try decode(AgentList.self, from: try await send("/v1/agents", body: nil)).agents
  }

  func coverage() async throws -> CoverageAnswer {
    try decode(CoverageAnswer.self, from: try await send("/v1/coverage", body: nil))
  }

  /// Where the server takes agents; HOST stands for every address of its host.
  func ingestAddress() async throws -> String {
    let ingest = try decode(ServerStatus.self, from: try await send("/v1/status", body: nil)).ingest
    let host = ["0.0.0.0", "::"].contains(ingest.host) ? "HOST" : ingest.host
    return host.contains(":") ? "[\(host)]:\(ingest.port)" : "\(host):\(ingest.port)"
  }

  private func send(_ path: String, body: Data?) async throws -> [UInt8] {
    var base = options.server
    while base.hasSuffix("/") { base.removeLast() }
    var request = HTTPClientRequest(url: base + path)
    if let body {
      request.method = .POST
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: body))
    }
    let response: HTTPClientResponse
    let bytes: [UInt8]
    do {
      response = try await HTTPClient.shared.execute(request, timeout: .seconds(options.timeout))
      bytes = Array(buffer: try await response.body.collect(upTo: Self.answerLimit))
    } catch {
      throw CommandFailure(
        "no answer from \(base) (\(reason(error))); is metaflow-server running there? Name another with "
          + "--server URL")
    }
    guard (200..<300).contains(response.status.code) else {
      throw CommandFailure(failureText(bytes, status: response.status.code))
    }
    return bytes
  }

  /// One cause in words: a name may have several addresses, each refused in its turn.
  private func reason(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
      guard let first = error.connectionErrors.first else { return "the name is not known" }
      return reason(first.error)
    case let error as IOError:
      return unsafe String(cString: strerror(error.errnoCode)).lowercased()
    case let error as HTTPClientError where error == .deadlineExceeded:
      return "nothing for \(options.timeout) s; see --timeout"
    case let error as HTTPClientError:
      return error.shortDescription
    default:
      return "\(error)"
    }
  }

  private func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw CommandFailure("\(options.server) is not a MetaFlow server: its answer does not read")
    }
  }

  private func failureText(_ bytes: [UInt8], status: UInt) -> String {
    if let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(bytes)) {
      return refusal.description
    }
    return "the server answered with status \(status)"
  }

  private struct Refusal: Decodable {
    var description: String

    enum CodingKeys: String, CodingKey {
      case description = "DESCRIPTION"
    }
  }
}

/// A failure that ends the command with its text on stderr and exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Hands on what was printed: into a pipe it would wait for more otherwise.
func flushOutput() {
  fflush(nil)
}

/// Writes one line to standard error.
func complain(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
