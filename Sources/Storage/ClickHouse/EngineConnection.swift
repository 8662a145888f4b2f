// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1

/// Statements to one ClickHouse server over its HTTP interface.
struct EngineConnection: Sendable {
  private let client: HTTPClient
  private let address: String
  private let user: String
  private let password: String

  /// `client` is the caller's to shut down; `address` is `http://host:port`.
  init(client: HTTPClient, address: String, user: String, password: String) {
    self.client = client
    self.address = address
    self.user = user
    self.password = password
  }

  /// What came back for a statement that succeeded.
  struct Reply {
    var body: ByteBuffer
    /// ClickHouse's X-ClickHouse-Summary header.
    var summary: String
  }

  /// Sends one statement and waits for its end.
  ///
  /// - Parameters:
  ///   - body: The statement itself, or the data of the INSERT that `settings` names as `query`.
  ///   - settings: ClickHouse settings and parameters of the interface, unescaped.
  ///   - seconds: After this long without the whole answer the connection is given up.
  ///   - bytes: The largest answer that is accepted.
  ///   - share: What the answer's bytes are taken from as they come in.
  func send(
    _ body: ByteBuffer, settings: [(String, String)], seconds: Double, bytes: Int = 64 << 20,
    share: AnswerShare? = nil
  ) async throws(StorageError) -> Reply {
    var request = HTTPClientRequest(url: url(settings))
    request.method = .POST
    request.headers.add(name: "X-ClickHouse-User", value: user)
    request.headers.add(name: "X-ClickHouse-Key", value: password)
    request.body = .bytes(body)
    do {
      let response = try await client.execute(
        request, timeout: .milliseconds(Int64(seconds * 1_000)))
      let answer = try await Self.collect(response.body, upTo: bytes, share)
      let headers = response.headers
      if response.status != .ok || headers.contains(name: "X-ClickHouse-Exception-Code") {
        throw refusal(response.status, headers, answer, seconds: seconds)
      }
      return Reply(body: answer, summary: headers.first(name: "X-ClickHouse-Summary") ?? "")
    } catch {
      throw Self.translate(error, seconds: seconds)
    }
  }

  private static func collect(
    _ body: HTTPClientResponse.Body, upTo bytes: Int, _ share: AnswerShare?
  ) async throws -> ByteBuffer {
    var answer = ByteBuffer()
    for try await part in body {
      guard answer.readableBytes + part.readableBytes <= bytes else {
        throw StorageError.tooLarge("It has more than \(bytes) bytes.")
      }
      try share?.take(part.readableBytes)
      answer.writeImmutableBuffer(part)
    }
    return answer
  }

  /// Runs a statement whose answer does not matter.
  func execute(_ statement: String, seconds: Double = 60) async throws(StorageError) {
    _ = try await send(ByteBuffer(string: statement), settings: [], seconds: seconds)
  }

  private func url(_ settings: [(String, String)]) -> String {
    let query = settings.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }
    return address + "/?" + query.joined(separator: "&")
  }

  private func refusal(
    _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ answer: ByteBuffer, seconds: Double
  ) -> StorageError {
    let text = String(buffer: answer)
    guard let code = headers.first(name: "X-ClickHouse-Exception-Code").flatMap({ Int($0) }) else {
      return .unavailable("what answers at \(address) is not the engine (\(status))")
    }
    return StorageError(
      engineCode: code, message: Self.withoutFrame(text), seconds: seconds)
  }

  /// Takes "Code: 47. DB::Exception: " and " (version 25.8.2.1)" off the engine's message.
  static func withoutFrame(_ text: String) -> String {
    var message = Substring(text.prefix(4_000))
    if let start = message.firstRange(of: "DB::Exception: ") {
      message = message[start.upperBound...]
    }
    if let end = message.firstRange(of: " (version ") { message = message[..<end.lowerBound] }
    while let last = message.last, last.isWhitespace { message = message.dropLast() }
    return String(message)
  }

  private static func translate(
    _ error: any Error, seconds: Double
  ) -> StorageError {
    switch error {
    case let error as StorageError: error
    case let error as HTTPClientError where error == .deadlineExceeded:
      .timedOut(seconds: seconds)
    case let error as IOError:
      .unavailable(
        "its connection broke (\(unsafe String(cString: strerror(error.errnoCode)).lowercased()))")
    default: .unavailable("\(error)")
    }
  }
}

/// RFC 3986 section 2.1, for a query component.
private func percentEncoded(_ text: String) -> String {
  var result = ""
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
      UInt8(ascii: "."), UInt8(ascii: "~"):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let digits = String(byte, radix: 16, uppercase: true)
      result += byte < 16 ? "%0" + digits : "%" + digits
    }
  }
  return result
}
