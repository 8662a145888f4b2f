// SPDX-License-Identifier: Apache-2.0

/// What a request's method means for the body of its response, RFC 9112 section 6.3.
enum HTTP1MethodClass: UInt64 {
  case usual = 0
  /// HEAD: the response has no body, whatever it declares.
  case head = 1
  /// CONNECT: after a 2xx the connection is a tunnel.
  case connect = 2
}

/// The methods of requests that wait for their response, oldest first: two bits each, so that any
/// number of pipelined requests costs the same. Past 32 a method counts as ``HTTP1MethodClass/usual``.
struct HTTP1Outstanding {
  private var methods: UInt64 = 0
  private var untracked: UInt32 = 0
  private var count: UInt8 = 0

  mutating func push(_ method: HTTP1MethodClass) {
    if count < 32 {
      methods |= method.rawValue << UInt64(count * 2)
      count += 1
    } else {
      untracked &+= 1
    }
  }

  /// The method of the oldest; ``HTTP1MethodClass/usual`` when none is known.
  mutating func pop() -> HTTP1MethodClass {
    guard count > 0 else { return .usual }
    let method = HTTP1MethodClass(rawValue: methods & 3) ?? .usual
    methods >>= 2
    if untracked > 0 {
      untracked -= 1
    } else {
      count -= 1
    }
    return method
  }

  mutating func removeAll() {
    self = HTTP1Outstanding()
  }

  mutating func removeAllButLast() {
    guard count > 0 else { return }
    let last = untracked > 0 ? 0 : methods >> UInt64((count - 1) * 2)
    self = HTTP1Outstanding()
    push(HTTP1MethodClass(rawValue: last & 3) ?? .usual)
  }
}
