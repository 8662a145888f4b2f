// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import NIOCore
import NIOPosix

/// Listens on `address` for a moment.
///
/// - Throws: ``ServerError`` that names the option and what to do.
func checkPort(_ address: NetworkAddress, option: String) async throws(ServerError) {
  do {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: address.host, port: address.port).get()
    try await channel.close()
  } catch {
    throw ServerError(listening: option, address, error)
  }
}
