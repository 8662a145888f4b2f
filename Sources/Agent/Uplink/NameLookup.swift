// SPDX-License-Identifier: Apache-2.0

package import Capture
package import ConfigurationFile
import Glibc
package import NIOCore
import NIOPosix
import Telemetry

/// Finds the addresses behind a host's name. Asked anew for every connection: a server that moves, as
/// they do in a cluster, keeps its name only.
package enum NameLookup {
  /// A name without an address.
  package struct Failure: Error, Hashable, CustomStringConvertible {
    var host: String
    var code: CInt

    package var description: String {
      "the name \(host) has no address: \(unsafe String(cString: gai_strerror(code)))"
    }
  }

  /// Addresses taken of one name.
  private static let limit = 16

  /// The addresses in the order to try them in; at least one.
  ///
  /// - Throws: ``Failure``.
  package static func addresses(of name: NetworkAddress) async throws -> [SocketAddress] {
    try await NIOThreadPool.singleton.runIfActive { try lookUp(name) }
  }

  private static func lookUp(_ name: NetworkAddress) throws(Failure) -> [SocketAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>? = nil
    let code = unsafe getaddrinfo(name.host, "\(name.port)", &hints, &found)
    guard code == 0 else { throw Failure(host: name.host, code: code) }
    defer { unsafe freeaddrinfo(found) }
    var next = unsafe found
    var addresses: [SocketAddress] = []
    while let entry = unsafe next, addresses.count < limit {
      if let address = unsafe SocketAddress(entry.pointee.ai_addr) { addresses.append(address) }
      unsafe next = unsafe entry.pointee.ai_next
    }
    guard !addresses.isEmpty else { throw Failure(host: name.host, code: EAI_NONAME) }
    return addresses
  }
}

extension SocketAddress {
  /// A copy of an IPv4 or IPv6 socket address; nil for another family.
  fileprivate init?(_ address: UnsafeMutablePointer<sockaddr>?) {
    guard let address = unsafe address else { return nil }
    switch unsafe CInt(address.pointee.sa_family) {
    case AF_INET:
      self = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        unsafe SocketAddress($0.pointee)
      }
    case AF_INET6:
      self = unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        unsafe SocketAddress($0.pointee)
      }
    default: return nil
    }
  }
}

extension PacketOptions.Peer {
  /// nil for every address and for what is no internet address.
  package init?(_ address: SocketAddress) {
    guard let port = address.port else { return nil }
    // struct sockaddr_in has the address at 4, struct sockaddr_in6 at 8.
    let number = unsafe address.withSockAddr { start, size in
      let bytes = unsafe UnsafeRawBufferPointer(start: start, count: size)
      func word<Word: FixedWidthInteger>(at offset: Int, _: Word.Type) -> Word {
        Word(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Word.self))
      }
      return address.protocol == .inet
        ? IPAddress(v4: word(at: 4, UInt32.self))
        : IPAddress(high: word(at: 8, UInt64.self), low: word(at: 16, UInt64.self))
    }
    guard !number.isUnspecified else { return nil }
    self.init(address: number, port: UInt16(truncatingIfNeeded: port))
  }
}
