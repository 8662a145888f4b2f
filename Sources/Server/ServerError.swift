// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import Glibc
import NIOCore

/// Why the server does not start, or stopped. The text is for people.
package struct ServerError: Error, CustomStringConvertible {
  package let description: String
  /// Whether it is the configuration that has to change.
  package var isConfiguration = false
  /// Whether another program has the address.
  private(set) var isInUse = false

  package init(_ description: String) {
    self.description = description
  }

  /// The API would listen where others reach it.
  init(open address: NetworkAddress) {
    description =
      "--http \(address) is not loopback: whoever reaches it could read all that is captured, and "
      + "credentials come with a later release. Listen on 127.0.0.1:\(address.port), and reach it from "
      + "elsewhere through a tunnel: ssh -L \(address.port):127.0.0.1:\(address.port) THIS-HOST"
    isConfiguration = true
  }

  /// Spans would be taken from wherever.
  init(open address: NetworkAddress, for option: String) {
    description =
      "\(option) \(address) is not loopback: whoever reaches it could add spans, and credentials come with a "
      + "later release. Listen on 127.0.0.1:\(address.port), and let a Collector on this host, or a "
      + "tunnel, bring those of others: ssh -R \(address.port):127.0.0.1:\(address.port) THAT-HOST"
    isConfiguration = true
  }

  /// What went wrong when `option`'s address was to be listened on.
  init(listening option: String, _ address: NetworkAddress, _ error: any Error) {
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE:
      isInUse = true
      description =
        "\(option) \(address) is in use by another program; stop it, or choose another address "
        + "with \(option)"
    case EADDRNOTAVAIL:
      description = "\(option) \(address) is not an address of this host; choose one that is"
    case EACCES:
      description = "\(option) \(address) needs root; choose a port above 1023"
    default:
      description = "cannot listen on \(option) \(address): \(error)"
    }
  }
}
