// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// A stream whose bodies are looked into.
struct HTTP2Content: Sendable {
  /// Of one connection at a time.
  static let limit = 8

  var stream: UInt32
  var reader: HTTPContentReader
}

/// What calls are besides those of HTTP, by their heads and, where there is something to be found, bodies.
extension HTTP2Parser {
  mutating func describeContent(
    _ head: HTTP2Head, _ headers: HTTP2Headers, on desk: inout Desk
  ) -> HTTP2Stream.Flags {
    let texts = headers.texts.span
    let path = HTTPContent.path(texts, headers[.path].range)
    guard !path.isEmpty else { return [] }
    var fields = HTTPContent.Fields()
    fields.type = headers[.contentType]
    fields.amazonTarget = headers[.amazonTarget]
    fields.soapAction = headers[.soapAction]
    fields.clickHouseDatabase = headers[.clickHouseDatabase]
    let host = headers[headers[.authority].isEmpty ? .host : .authority].range
    HTTPContent.describe(texts, path: path, host: host, fields, on: &desk)
    guard !head.isEnd, !headers.has(.contentEncoding), contents.count < HTTP2Content.limit,
      texts.isWord(in: ["POST"], at: headers[.method].range),
      let content = HTTPContent.ofBodies(texts, path: path, fields)
    else { return [] }
    contents.append(
      HTTP2Content(
        stream: head.frame.stream, reader: HTTPContentReader(content, texts, path: path)))
    return .hasContent
  }

  /// The head of a response is there: its body is read on if that can say something.
  mutating func answerContent(
    of place: Int, _ headers: HTTP2Headers, isEnd: Bool, on desk: inout Desk
  ) {
    guard let index = content(of: place) else { return }
    contents[index].reader.beginAnswer(
      headers.texts.span.clipped(headers[.contentType].range))
    if headers.has(.contentEncoding) || contents[index].reader.isDone {
      contents.remove(at: index)
      streams[place].flags.remove(.hasContent)
    } else if isEnd {
      finishContent(of: place, on: &desk)
    }
  }

  /// Reads a piece of a body; whether what follows it is to be read, too.
  mutating func readContent(_ bytes: Span<UInt8>, _ range: Range<Int>, of place: Int) -> Bool {
    guard let index = content(of: place) else {
      streams[place].flags.remove(.hasContent)
      return false
    }
    contents[index].reader.feed(bytes, range)
    guard contents[index].reader.isDone else { return true }
    contents.remove(at: index)
    streams[place].flags.remove(.hasContent)
    return false
  }

  /// The response is over: what was found is said.
  mutating func finishContent(of place: Int, on desk: inout Desk) {
    guard let index = content(of: place) else { return }
    contents[index].reader.describe(on: &desk)
    contents.remove(at: index)
  }

  private func content(of place: Int) -> Int? {
    guard streams[place].flags.contains(.hasContent) else { return nil }
    let id = streams[place].id
    return contents.firstIndex { $0.stream == id }
  }
}
