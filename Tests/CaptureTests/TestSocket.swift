// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Which internet protocol a test speaks.
enum Family: String, CaseIterable, Sendable {
  case v4, v6

  var domain: CInt { self == .v4 ? AF_INET : AF_INET6 }
}

/// A socket of the test itself, closed when it goes away.
struct TestSocket: ~Copyable {
  let descriptor: CInt

  init(descriptor: CInt) {
    precondition(descriptor >= 0, "a socket call failed, errno \(errno)")
    self.descriptor = descriptor
  }

  init(_ family: Family, datagram: Bool = false) {
    let kind = datagram ? SOCK_DGRAM : SOCK_STREAM
    self.init(descriptor: socket(family.domain, CInt(kind.rawValue), 0))
  }

  deinit { close(descriptor) }

  /// The kernel's identity of the socket (socket(7), SO_COOKIE is 57).
  var cookie: UInt64 {
    var value: UInt64 = 0
    var size = socklen_t(8)
    unsafe getsockopt(descriptor, SOL_SOCKET, 57, &value, &size)
    return value
  }

  var port: UInt16 {
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    unsafe withUnsafeMutablePointer(to: &address) { pointer in
      _ = unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &size)
      }
    }
    return UInt16(bigEndian: address.sin6_port)
  }

  /// Calls `body` with the loopback address of the family and `port`.
  static func withAddress<Result>(
    _ family: Family, port: UInt16, host: UInt32 = 0x7f00_0001,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    if family == .v4 {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = host.bigEndian
      return unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    address.sin6_addr = in6addr_loopback
    return unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
      }
    }
  }

  func bind(_ family: Family, port: UInt16 = 0, host: UInt32 = 0x7f00_0001) {
    let result = unsafe Self.withAddress(family, port: port, host: host) {
      unsafe Glibc.bind(descriptor, $0, $1)
    }
    precondition(result == 0, "bind failed, errno \(errno)")
  }

  func connect(_ family: Family, port: UInt16, host: UInt32 = 0x7f00_0001) {
    let result = unsafe Self.withAddress(family, port: port, host: host) {
      unsafe Glibc.connect(descriptor, $0, $1)
    }
    precondition(result == 0, "connect failed, errno \(errno)")
  }

  func accept() -> TestSocket {
    let accepted = Glibc.accept(descriptor, nil, nil)
    return TestSocket(descriptor: accepted)
  }
}

/// Two connected sockets of one kind on loopback.
struct TestPair: ~Copyable {
  let client: TestSocket
  let server: TestSocket
  let listener: TestSocket?

  init(_ family: Family, datagram: Bool) {
    client = TestSocket(family, datagram: datagram)
    if datagram {
      server = TestSocket(family, datagram: true)
      server.bind(family)
      client.bind(family)
      client.connect(family, port: server.port)
      server.connect(family, port: client.port)
      listener = nil
    } else {
      let listening = TestSocket(family)
      listening.bind(family)
      precondition(listen(listening.descriptor, 16) == 0, "listen failed")
      client.connect(family, port: listening.port)
      server = listening.accept()
      listener = consume listening
    }
  }
}
