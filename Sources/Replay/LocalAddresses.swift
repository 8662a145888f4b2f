// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Addresses that a user names one by one, or as small networks.
package enum LocalAddresses {
  /// All addresses together, at most.
  static let limit = 4_096

  /// Why a text is no address or network, in words.
  package struct Fault: Error, Hashable, CustomStringConvertible {
    package var description: String
  }

  /// Reads `10.0.0.7`, `10.1.0.0/24`, `2001:db8::7`, and lists of them with commas.
  package static func parse(_ texts: [String]) throws(Fault) -> [IPAddress] {
    var addresses: [IPAddress] = []
    for text in texts {
      for part in text.split(separator: ",") {
        let network = try network(String(part))
        guard network.hostBits <= 12, addresses.count + 1 << network.hostBits <= limit else {
          throw Fault(
            description: "'\(part)' makes more than \(limit) addresses; name those of the host, or "
              + "networks of at most /20 (IPv6: /116)")
        }
        for host in 0..<(UInt64(1) << network.hostBits) {
          addresses.append(IPAddress(high: network.base.high, low: network.base.low | host))
        }
      }
    }
    return addresses
  }

  private static func network(_ text: String) throws(Fault) -> (base: IPAddress, hostBits: Int) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let fault = Fault(
      description: "'\(text)' is no address or network such as 10.0.0.7 or 10.1.0.0/24")
    guard (1...2).contains(parts.count), let address = IPAddress(parts[0]) else { throw fault }
    let width = address.isV4 ? 32 : 128
    guard parts.count == 2 else { return (address, 0) }
    guard let length = Int(parts[1]), (0...width).contains(length) else { throw fault }
    let hostBits = width - length
    let mask = hostBits >= 64 ? 0 : ~((UInt64(1) << UInt64(hostBits)) - 1)
    return (IPAddress(high: address.high, low: address.low & mask), hostBits)
  }
}
