// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import HTTPTypes
import Hummingbird
import Query
import Storage

/// `/tempo/...`: the query API of Grafana Tempo, after its documentation, so that a data source of that
/// kind shows our traces.
struct TempoRoutes {
  let runner: QueryRunner
  let catalog: Catalog

  func add(to routes: inout APIRoutes) {
    routes.get("tempo/api/echo") { _, _ throws(Refusal) in Self.plain("echo") }
    routes.get("tempo/ready") { _, _ throws(Refusal) in Self.plain("ready") }
    routes.get("tempo/api/status/buildinfo") { _, _ throws(Refusal) in
      var json = JSONText()
      json.object { json in
        // Of Tempo's, which a client asks for to know what it may ask for.
        json.member("version", "2.6.0")
        for name in ["revision", "branch", "buildDate", "buildUser", "goVersion"] {
          json.entry(name) { $0.string("") }
        }
      }
      return json.response()
    }
    for version in ["api", "api/v2"] {
      routes.get("tempo/\(version)/traces/:id") { request, context throws(Refusal) in
        let id = context.parameters.get("id").flatMap { $0.removingPercentEncoding } ?? ""
        let time = try TempoParameters(request).time(usual: nil)
        let isBinary = request.headers[.accept]?.contains("application/protobuf") ?? false
        return try await runner.answer(context) { service throws(Refusal) in
          let tree = try await service.tree(id, time, catalog.snapshot)
          return Self.body(tree, isWrapped: version != "api", isBinary: isBinary)
        }
      }
    }
    TempoSearch(runner: runner, catalog: catalog).add(to: &routes)
    TempoTags(runner: runner, catalog: catalog).add(to: &routes)
  }

  private static func plain(_ text: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: "text/plain"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// - Parameter isWrapped: As the second version has it, in a message that says whether it is whole.
  private static func body(_ tree: SpanTree, isWrapped: Bool, isBinary: Bool) -> AnswerBody {
    let trace = OTLPTrace(tree)
    let note = "There is more of the trace than is told."
    if isBinary {
      var text = ProtobufText()
      if isWrapped {
        text.message(1) { trace.write(to: &$0) }
        if tree.isCut {
          text.number(3, 1)
          text.text(4, note)
        }
      } else {
        trace.write(to: &text)
      }
      return AnswerBody(type: "application/protobuf", bytes: text.bytes)
    }
    var json = JSONText()
    json.object { json in
      guard isWrapped else { return json.member("batches") { $0.resourceSpans(trace) } }
      json.member("trace") { $0.object { $0.member("resourceSpans") { $0.resourceSpans(trace) } } }
      json.member("metrics") { $0.object { _ in } }
      json.member("status", tree.isCut ? "PARTIAL" : "COMPLETE")
      json.member("message", tree.isCut ? note : "")
    }
    return AnswerBody(type: "application/json", bytes: json.line)
  }
}

extension QueryService {
  /// The trace that an id names, in spans.
  func tree(
    _ id: String, _ time: ClosedRange<Int64>, _ directory: any TagDirectory
  ) async throws(Refusal) -> SpanTree {
    guard !id.isEmpty, id.utf8.count <= 1_024 else {
      throw Refusal("The trace id has \(id.utf8.count) bytes; it must have 1 to 1024.")
    }
    do throws(QueryError) {
      for seed in TraceIdentity.seeds(id) {
        guard let trace = try await trace(seed, in: time, directory: directory) else { continue }
        return try await spans(of: [trace], directory: directory)[0]
      }
    } catch {
      throw Refusal(error)
    }
    throw Refusal(
      "There is no trace '\(id)' from \(time.lowerBound) to \(time.upperBound).", code: "NOT_FOUND",
      status: .notFound)
  }
}

/// Parameters as Tempo takes them; those that are not known are left alone, as clients send what
/// later versions know.
struct TempoParameters {
  private let given: Parameters

  init(_ request: Request) { given = request.uri.queryParameters }

  func text(_ name: String) -> String? {
    guard let value = given[name[...]], !value.isEmpty else { return nil }
    return String(value)
  }

  func number(_ name: String, _ range: ClosedRange<Int64>) throws(Refusal) -> Int64? {
    guard let text = text(name) else { return nil }
    guard let number = Int64(text) else {
      throw Refusal("\(name) is '\(text)', which is no number.")
    }
    return min(max(number, range.lowerBound), range.upperBound)
  }

  /// The seconds from `start` to `end`; nothing stored is later than now.
  ///
  /// - Parameter usual: Seconds back from now without a start; nil for all.
  func time(usual: Int64?) throws(Refusal) -> ClosedRange<Int64> {
    let now = wallClock() / 1_000_000_000
    let end = try number("end", ListParameters.seconds) ?? now
    let start = try number("start", ListParameters.seconds) ?? usual.map { max(0, end - $0) } ?? 0
    guard start <= end else { throw Refusal("start (\(start)) is later than end (\(end)).") }
    return start...(end == 0 ? now : end)
  }

  /// Microseconds, of "100ms" and the like.
  func duration(_ name: String) throws(Refusal) -> Int64? {
    guard let text = text(name) else { return nil }
    guard let duration = Self.duration(text) else {
      throw Refusal("\(name) is '\(text)'; it must be like 100ms or 1.2s.")
    }
    return duration
  }

  static func duration(_ text: String) -> Int64? {
    let units: [(String, Double)] = [
      ("ns", 0.001), ("us", 1), ("µs", 1), ("ms", 1e3), ("s", 1e6), ("m", 6e7), ("h", 3.6e9),
    ]
    for (unit, size) in units where text.hasSuffix(unit) {
      guard let number = Double(text.dropLast(unit.count)), number >= 0, number * size < 1e15 else {
        continue
      }
      return Int64((number * size).rounded())
    }
    return nil
  }

  /// "service.name=a http.method=\"G E T\"", as logfmt has it.
  static func tags(_ text: String) throws(Refusal) -> [(name: String, value: String)] {
    var tags: [(name: String, value: String)] = []
    var rest = text[...]
    while true {
      rest = rest.drop { $0 == " " }
      guard !rest.isEmpty else { return tags }
      guard let sign = rest.firstIndex(of: "="), sign > rest.startIndex, tags.count < 64 else {
        throw Refusal("tags is '\(text)'; it must be like service.name=orders http.method=GET.")
      }
      let name = String(rest[..<sign])
      rest = rest[rest.index(after: sign)...]
      var value = ""
      if rest.first == "\"" {
        rest = rest.dropFirst()
        var isEscaped = false
        while let letter = rest.first, isEscaped || letter != "\"" {
          rest = rest.dropFirst()
          isEscaped = !isEscaped && letter == "\\"
          if !isEscaped { value.append(letter) }
        }
        guard rest.first == "\"" else { throw Refusal("tags has a value whose quote has no end.") }
        rest = rest.dropFirst()
      } else {
        let end = rest.firstIndex(of: " ") ?? rest.endIndex
        value = String(rest[..<end])
        rest = rest[end...]
      }
      tags.append((name, value))
    }
  }
}
