// SPDX-License-Identifier: Apache-2.0

/// Why a kind of object cannot be listed or watched now.
package enum WatchTrouble: Error, Hashable, Sendable, CustomStringConvertible {
  /// No connection, or one that fails.
  case unreachable(String)
  /// The connection ended before the answer did.
  case disconnected
  /// HTTP 401.
  case unauthorized
  /// HTTP 403.
  case forbidden(String)
  /// HTTP 404: a server that has no such kind.
  case unknownKind
  /// HTTP 410, or an `ERROR` event with this code: what we know is too old to go on from.
  case tooOld
  /// HTTP 429 or any other status; milliseconds that the server asks us to wait, 0 where it does not.
  case refused(status: Int, message: String, waitMilliseconds: Int)
  /// What came is not what the API says.
  case malformed(String)
  /// A line or page has more bytes than we take.
  case tooLarge(limit: Int)

  /// What an answer other than 200 means.
  package init(status: Int, body: Span<UInt8>, retryAfterSeconds: Int = 0) {
    var reader = JSONReader(body)
    let message = (try? ReceivedObject(.namespace, &reader).status.message) ?? ""
    switch status {
    case 401: self = .unauthorized
    case 403: self = .forbidden(message)
    case 404: self = .unknownKind
    case 410: self = .tooOld
    default:
      self = .refused(
        status: status, message: message,
        waitMilliseconds: min(max(0, retryAfterSeconds), 600) * 1_000)
    }
  }

  /// Whether a new connection alone can hardly mend it.
  var isLasting: Bool {
    switch self {
    case .forbidden, .unknownKind: true
    default: false
    }
  }

  package var description: String {
    switch self {
    case .unreachable(let reason): "no connection to the API server: \(reason)"
    case .disconnected: "the connection ended in the middle"
    case .unauthorized: "the API server does not accept our credentials (401)"
    case .forbidden(let message):
      "our account may not list and watch it (403); give it a role with these rights"
        + (message.isEmpty ? "" : ": \(message)")
    case .unknownKind: "the API server has no such kind (404)"
    case .tooOld: "what is known is too old to go on from (410); it is listed anew"
    case .refused(let status, let message, _):
      "the API server answers \(status)" + (message.isEmpty ? "" : ": \(message)")
    case .malformed(let reason): "the API server's answer cannot be read: \(reason)"
    case .tooLarge(let limit): "the API server sends more than \(limit) bytes at a time"
    }
  }
}

/// How far a kind of object is known, in words that people read.
package enum WatchState: Hashable, Sendable, CustomStringConvertible {
  case starting
  case listing(objects: Int)
  case opening
  case watching
  case waiting(WatchTrouble, milliseconds: Int)

  package var description: String {
    switch self {
    case .starting: "not asked for yet"
    case .listing(let objects): "being listed, \(objects) so far"
    case .opening: "listed, the watch is being opened"
    case .watching: "watched"
    case .waiting(let trouble, let milliseconds):
      "waiting \(milliseconds) ms: \(trouble)"
    }
  }
}
