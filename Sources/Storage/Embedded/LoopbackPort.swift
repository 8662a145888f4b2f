// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Ports of 127.0.0.1.
enum LoopbackPort {
  /// `port`, or for 0 any, that was free a moment ago on loopback.
  static func bindable(_ port: UInt16) throws(StorageError) -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { Glibc.close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    // As the engine does: connections that linger from its last run are no obstacle.
    var yes: Int32 = 1
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      return unsafe bind(descriptor, pointer, length) == 0
        && getsockname(descriptor, pointer, &length) == 0
    }
    guard isBound else {
      throw .unavailable("no loopback port is free (\(errorText(errno)))")
    }
    return UInt16(bigEndian: address.sin_port)
  }
}
