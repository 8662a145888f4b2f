// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Ingest
import NIOCore

/// What is looked at of every body of telemetry before anybody reads it.
enum ArrivingBody {
  /// Bytes of a body as it is sent.
  static let bytes = JournalLimits.bodyBytes
  /// Seconds in which a body has to come.
  private static let seconds: Int64 = 60

  /// The media type of a Content-Type, without its parameters.
  static func mediaType(_ field: String) -> String {
    trimmed(field.prefix { $0 != ";" }).lowercased()
  }

  static func encoding(_ request: Request) throws(Refusal) -> BodyEncoding {
    let name = trimmed((request.headers[.contentEncoding] ?? "")[...])
    guard let encoding = BodyEncoding(contentEncoding: name) else {
      throw Refusal(
        "Content-Encoding is '\(name.prefix(60))'; gzip, zstd or none can be read.",
        code: "UNSUPPORTED_MEDIA_TYPE", status: .unsupportedMediaType)
    }
    return encoding
  }

  /// Reads the body; a connection that takes too long for it is closed.
  static func payload(
    _ request: Request, _ channel: any Channel
  ) async throws(Refusal) -> [UInt8] {
    if let announced = request.headers[.contentLength].flatMap({ Int($0) }), announced > bytes {
      throw tooLarge
    }
    let late = channel.eventLoop.scheduleTask(in: .seconds(seconds)) {
      channel.close(promise: nil)
    }
    defer { late.cancel() }
    do {
      return Array(buffer: try await request.body.collect(upTo: bytes))
    } catch {
      throw tooLarge
    }
  }

  private static var tooLarge: Refusal {
    Refusal(
      "The body has more than \(bytes >> 20) MiB; send it packed (Content-Encoding: gzip or zstd), or "
        + "in parts.", code: "TOO_LARGE", status: .contentTooLarge)
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
