// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The first messages of a server, as far as they tell something: its hello, and its certificate where
/// that is in clear (RFC 5246 section 7.3).
struct TLSFlight {
  private(set) var hello: TLSServerHello?
  /// Bytes that are needed to go on.
  private(set) var wanted = 4
  /// Where its own certificate begins, the first of the chain.
  private(set) var certificate: Int?
  /// It goes on with a session of before: there is a new ticket, or nothing, where else it says who it is.
  private(set) var isResumed = false

  /// Reads what the first ``wanted`` bytes say; false when no more are.
  mutating func read(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count >= 4, bytes[0] == TLSServerHello.type else { return false }
    let end = 4 + bytes.handshakeLength(at: 0)
    guard bytes.count >= end else {
      // What is there may have to do.
      hello = TLSServerHello(bytes, at: 4, to: bytes.count)
      wanted = end
      return true
    }
    hello = TLSServerHello(bytes, at: 4, to: end)
    guard let hello, !hello.hidesRest, !hello.isRetry else { return false }
    guard bytes.count >= end + 4 else {
      wanted = end + 4
      return true
    }
    // A new ticket comes here only when the session goes on.
    isResumed = bytes[end] == 4
    guard bytes[end] == TLSCertificate.type else { return false }
    let first = end + 10
    guard bytes.count >= first else {
      wanted = first
      return true
    }
    guard bytes.handshakeLength(at: end + 3) > 0 else { return false }
    certificate = first
    wanted = first + bytes.handshakeLength(at: end + 6)
    return bytes.count < wanted
  }
}
