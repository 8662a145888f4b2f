// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import Glibc
import NIOCore
import Telemetry

/// Takes `address` for a moment, without listening: whoever waits for the server to accept connections
/// must not take this for it.
///
/// - Returns: Whether only this host reaches it.
/// - Throws: ``ServerError`` that names the option and what to do.
func checkPort(_ address: NetworkAddress, option: String) throws(ServerError) -> Bool {
  do {
    let resolved = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
    try unsafe resolved.withSockAddr { socketAddress, length in
      let family = unsafe CInt(socketAddress.pointee.sa_family)
      let descriptor = socket(family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
      defer { close(descriptor) }
      var on: CInt = 1
      unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
      guard unsafe bind(descriptor, socketAddress, socklen_t(length)) == 0 else {
        throw IOError(errnoCode: errno, reason: "bind")
      }
    }
    return resolved.ipAddress.flatMap { IPAddress($0) }?.isLoopback ?? false
  } catch {
    throw ServerError(listening: option, address, error)
  }
}
