// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// There is no port left to give.
package struct NoFreePort: Error {}

/// Below those that the kernel gives to sockets that only connect (ip_local_port_range begins at
/// 32768): nobody takes one before its server does, not even a client of that very server, whose
/// connection would be to itself.
private let ports = 20_000..<32_000
private let next = Mutex(Int(getpid()) &* 97)

/// A port of 127.0.0.1 that nobody listens on, another each time.
package func freePort() throws(NoFreePort) -> Int {
  for _ in ports {
    let number = next.withLock { next in
      next = (next &+ 1) % ports.count
      return next
    }
    let port = ports.lowerBound + number
    if canBind(port) { return port }
  }
  throw NoFreePort()
}

private func canBind(_ port: Int) -> Bool {
  let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
  defer { close(listener) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  address.sin_port = UInt16(port).bigEndian
  return unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}
