// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc
internal import Telemetry

/// Asks the kernel for the links and addresses of the network namespace it was made in, and is woken
/// when they change (rtnetlink(7)).
final class RouteSocket {
  let descriptor: CInt
  private var sequence: UInt32 = 0
  private var buffer = [UInt8](repeating: 0, count: 32_768)

  /// Links and addresses that one look takes in, at most.
  private static let mostEntries = 16_384

  /// For the namespace that the calling thread is in.
  init() throws(SystemError) {
    descriptor = socket(AF_NETLINK, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SystemError.last("opening a routing socket") }
    guard mf_bind_routes(descriptor) == 0 else {
      throw SystemError.last("listening to routing messages")
    }
  }

  deinit { close(descriptor) }

  /// Takes what waits on the socket, so that it does not wake again.
  func takeNews() {
    while true {
      let count = unsafe recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
      // ENOBUFS: more happened than it could hold, which is news like any other.
      if count < 0 && errno != EINTR && errno != ENOBUFS { return }
    }
  }

  /// All links and addresses now.
  func look() throws(SystemError) -> NamespaceView {
    var view = NamespaceView()
    try askForAll(UInt16(RTM_GETLINK), bodyBytes: 16) { type, body in
      guard type == UInt16(RTM_NEWLINK), view.links.count < Self.mostEntries else { return }
      if let link = NetworkLink(message: body) { view.links.append(link) }
    }
    try askForAll(UInt16(RTM_GETADDR), bodyBytes: 8) { type, body in
      guard type == UInt16(RTM_NEWADDR), view.addresses.count < Self.mostEntries else { return }
      if let address = Self.address(in: body) { view.addresses.append(address) }
    }
    return view
  }

  /// The number that links of this namespace have for another one (``NetworkLink/parentNamespace``);
  /// nil when none of them stands there.
  ///
  /// - Parameter namespace: open.
  func number(of namespace: borrowing NetworkNamespace) throws(SystemError) -> Int32? {
    // struct rtgenmsg, padded; NETNSA_FD (linux/net_namespace.h).
    var body = [UInt8](repeating: 0, count: 12)
    body.store(UInt16(8), at: 4)
    body.store(UInt16(NETNSA_FD), at: 6)
    body.store(UInt32(bitPattern: namespace.descriptor), at: 8)
    var number: Int32?
    try ask(UInt16(RTM_GETNSID), flags: NLM_F_ACK, body) { type, body in
      guard type == UInt16(RTM_NEWNSID), body.bytes.count >= 4,
        let value = body.attributes(from: 4)[UInt16(NETNSA_NSID)], value.count >= 4
      else { return }
      let found = value.load(Int32.self, at: value.startIndex)
      if found >= 0 { number = found }
    }
    return number
  }

  /// Asks for everything of a kind.
  private func askForAll(
    _ type: UInt16, bodyBytes: Int, _ answer: (UInt16, RouteMessage) -> Void
  ) throws(SystemError) {
    try ask(
      type, flags: NLM_F_ROOT | NLM_F_MATCH, [UInt8](repeating: 0, count: bodyBytes), answer)
  }

  /// Sends a request and hands over the answers.
  private func ask(
    _ type: UInt16, flags: CInt, _ body: [UInt8], _ answer: (UInt16, RouteMessage) -> Void
  ) throws(SystemError) {
    sequence &+= 1
    var request = [UInt8](repeating: 0, count: 16) + body
    request.store(UInt32(request.count), at: 0)
    request.store(type, at: 4)
    request.store(UInt16(NLM_F_REQUEST | flags), at: 6)
    request.store(sequence, at: 8)
    guard unsafe send(descriptor, request, request.count, 0) == request.count else {
      throw SystemError.last("asking for links and addresses")
    }
    while true {
      let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
      if count < 0 && (errno == EINTR || errno == ENOBUFS) { continue }
      guard count > 0 else { throw SystemError.last("reading links and addresses") }
      var at = 0
      while at + 16 <= count {
        let length = Int(buffer.load(UInt32.self, at: at))
        guard length >= 16, at + length <= count else { break }
        let kind = buffer.load(UInt16.self, at: at + 4)
        // What is not an answer to this request is news, which the look takes in anyway.
        if buffer.load(UInt32.self, at: at + 8) == sequence {
          if kind == UInt16(NLMSG_DONE) { return }
          if kind == UInt16(NLMSG_ERROR) {
            let code = length >= 20 ? -buffer.load(Int32.self, at: at + 16) : EINVAL
            // 0 ends the answer to a request for one thing.
            if code == 0 { return }
            throw SystemError(code: code, during: "asking for links and addresses")
          }
          answer(kind, RouteMessage(bytes: buffer[(at + 16)..<(at + length)]))
        }
        at += (length + 3) & ~3
      }
    }
  }

  /// RTM_NEWADDR: a local address; on a point-to-point link the attribute "address" is the peer's.
  private static func address(in body: RouteMessage) -> IPAddress? {
    guard body.bytes.count >= 8 else { return nil }
    let attributes = body.attributes(from: 8)
    return (attributes[UInt16(IFA_LOCAL)] ?? attributes[UInt16(IFA_ADDRESS)]).flatMap {
      IPAddress(bytes: $0)
    }
  }
}

/// The body of a routing message, in the host's byte order.
struct RouteMessage {
  let bytes: ArraySlice<UInt8>

  /// Attributes by kind, from `offset` on: length, kind, value, padded to four bytes.
  func attributes(from offset: Int) -> [UInt16: ArraySlice<UInt8>] {
    var found: [UInt16: ArraySlice<UInt8>] = [:]
    var at = bytes.startIndex + offset
    while at + 4 <= bytes.endIndex {
      let length = Int(bytes.load(UInt16.self, at: at))
      guard length >= 4, at + length <= bytes.endIndex else { break }
      // The highest bits say how the value is coded.
      let kind = bytes.load(UInt16.self, at: at + 2) & 0x3fff
      found[kind] = bytes[(at + 4)..<(at + length)]
      at += (length + 3) & ~3
    }
    return found
  }
}

extension NetworkLink {
  /// - Parameter message: of RTM_NEWLINK: family, hardware, index, flags, change, attributes.
  init?(message: RouteMessage) {
    let bytes = message.bytes
    guard bytes.count >= 16 else { return nil }
    let start = bytes.startIndex
    hardware = bytes.load(UInt16.self, at: start + 2)
    index = bytes.load(UInt32.self, at: start + 4)
    let flags = bytes.load(UInt32.self, at: start + 8)
    isUp = flags & 1 != 0
    isLoopback = flags & 8 != 0
    let attributes = message.attributes(from: 16)
    guard let name = attributes[UInt16(IFLA_IFNAME)] else { return nil }
    self.name = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    if let address = attributes[UInt16(IFLA_ADDRESS)], address.count == 6 {
      linkAddress = LinkAddress(address.reduce(0) { $0 << 8 | UInt64($1) })
    }
    master = attributes[UInt16(IFLA_MASTER)].flatMap(Self.number) ?? 0
    parent = attributes[UInt16(IFLA_LINK)].flatMap(Self.number) ?? 0
    parentNamespace = attributes[UInt16(IFLA_LINK_NETNSID)].flatMap(Self.number)
      .map { Int32(bitPattern: $0) }
    if let information = attributes[UInt16(IFLA_LINKINFO)],
      let kind = RouteMessage(bytes: information).attributes(from: 0)[UInt16(IFLA_INFO_KIND)]
    {
      self.kind = String(decoding: kind.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private static func number(_ value: ArraySlice<UInt8>) -> UInt32? {
    value.count >= 4 ? value.load(UInt32.self, at: value.startIndex) : nil
  }
}

extension IPAddress {
  /// Four or sixteen bytes in network order.
  fileprivate init?(bytes: ArraySlice<UInt8>) {
    let words = bytes.reduce((UInt64(0), UInt64(0))) { words, byte in
      (words.0 << 8 | words.1 >> 56, words.1 << 8 | UInt64(byte))
    }
    switch bytes.count {
    case 4: self.init(v4: UInt32(truncatingIfNeeded: words.1))
    case 16: self.init(high: words.0, low: words.1)
    default: return nil
    }
  }
}

extension RandomAccessCollection where Element == UInt8, Index == Int {
  /// A number in the byte order of the hosts that are built for; the caller checked that it is there.
  fileprivate func load<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) -> Number {
    var number: Number = 0
    for index in (0..<MemoryLayout<Number>.size).reversed() {
      number = number << 8 | Number(truncatingIfNeeded: self[offset + index])
    }
    return number
  }
}

extension [UInt8] {
  /// Writes a number in the same order.
  fileprivate mutating func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
    for index in 0..<MemoryLayout<Number>.size {
      self[offset + index] = UInt8(truncatingIfNeeded: number >> Number(index * 8))
    }
  }
}
