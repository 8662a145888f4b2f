// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The body of `POST /v1/query/`: a form or JSON.
struct QueryRequest: Decodable {
  var db: String?
  var sql: String
  /// Seconds since 1970, for a statement without a time of its own.
  var from: Int64?
  var to: Int64?
  /// 0 to leave MetaFlow's own programs out of a statement that says nothing of services.
  var own: Int?
  /// `1s`, `1m` or `auto`, for metrics tables that are named without an interval.
  var precision: String?

  enum CodingKeys: String, CodingKey {
    case db, sql, from, to, own
    case precision = "data_precision"
  }

  /// Bytes of a body; a statement may have 64 KiB.
  static let limit = 256 << 10

  /// Reads the body by its Content-Type; a form where none is given, as curl's `-d` sends it.
  init(_ request: Request) async throws(Refusal) {
    let body: ByteBuffer
    do {
      body = try await request.body.collect(upTo: Self.limit)
    } catch {
      throw Refusal("The body has more than \(Self.limit) bytes.", status: .contentTooLarge)
    }
    let type = request.headers[.contentType] ?? ""
    do {
      if type.hasPrefix("application/json") {
        self = try JSONDecoder().decode(Self.self, from: Data(buffer: body))
      } else {
        self = try URLEncodedFormDecoder().decode(Self.self, from: String(buffer: body))
      }
    } catch {
      throw Refusal(
        "The body does not read. Send a form or JSON with `sql` and, if you like, `db` and "
          + "`data_precision`: curl -d db=flow_log -d 'sql=SHOW tables'.")
    }
  }
}

extension Request {
  /// Reads a JSON body.
  ///
  /// - Parameter advice: What to send.
  func jsonBody<Body: Decodable>(_ advice: String) async throws(Refusal) -> Body {
    let bytes: ByteBuffer
    do {
      bytes = try await body.collect(upTo: QueryRequest.limit)
    } catch {
      throw Refusal(
        "The body has more than \(QueryRequest.limit) bytes.", status: .contentTooLarge)
    }
    do {
      return try JSONDecoder().decode(Body.self, from: Data(buffer: bytes))
    } catch {
      throw Refusal("The body does not read. \(advice)")
    }
  }
}

extension Data {
  fileprivate init(buffer: ByteBuffer) {
    self.init(Array(buffer: buffer))
  }
}

/// An answer that says why a request was not served.
struct Refusal: Error {
  var message: String
  var code: String
  var status: HTTPResponse.Status
  var suggestions: [String] = []
  var line: Int?
  var column: Int?
  /// The methods that would do, for status 405.
  var allow: String?
  /// Seconds after which it may go better.
  var retryAfter: Int?

  init(
    _ message: String, code: String = "INVALID_REQUEST", status: HTTPResponse.Status = .badRequest
  ) {
    self.message = message
    self.code = code
    self.status = status
  }

  var response: Response {
    var json = JSONText()
    json.object { json in
      json.member("OPT_STATUS", code)
      json.member("DESCRIPTION", message)
      guard let line, let column else { return }
      json.member("error") { json in
        json.object { json in
          json.member("line", line)
          json.member("column", column)
          json.member("suggestions") { $0.array(suggestions) { $0.string($1) } }
        }
      }
    }
    var response = json.response(status: status)
    if let allow { response.headers[.allow] = allow }
    if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
    return response
  }
}

extension Result where Success: Sendable {
  /// What `body` gives, also when it is asynchronous.
  init(_ body: () async throws(Failure) -> Success) async {
    do throws(Failure) {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}

/// An answer's bytes, and what they are.
struct AnswerBody: Sendable {
  var type: String
  var bytes: [UInt8]

  /// The answer, which keeps `pass` until it is written.
  consuming func response(holding pass: QueryPass) -> Response {
    var response = Response(
      status: .ok, headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    let body = response.body
    response.body = ResponseBody(contentLength: body.contentLength) { writer in
      try await body.write(writer)
      withExtendedLifetime(pass) {}
    }
    return response
  }
}

extension JSONText {
  /// The document and a line's end, which is what a terminal wants behind it.
  consuming func response(status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: line)))
  }
}
