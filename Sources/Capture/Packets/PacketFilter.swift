// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc
internal import Telemetry

/// The program that the kernel runs on each frame to decide whether it enters the ring, and how much
/// of it: classic BPF (Documentation/networking/filter.rst).
///
/// Passes IPv4 and IPv6 with TCP, UDP, ICMP or a tunnel's protocol, except between the agent and its
/// peers. Frames whose IP header lies behind tags or labels pass unseen; the decoder looks at them.
struct PacketFilter {
  private(set) var instructions: [sock_filter] = []
  /// Where a jump to the accepting or the rejecting end stands.
  private var acceptJumps: [Jump] = []
  private var rejectJumps: [Jump] = []

  private struct Jump {
    var at: Int
    var whenTrue: Bool
  }

  /// Beyond it jumps would not fit their eight bits.
  static let mostPeers = 6

  /// - Parameter snapLength: bytes of a frame that enter the ring.
  init(_ framing: NetworkLink.Framing, snapLength: UInt32, ignoring peers: [PacketOptions.Peer]) {
    let linkHeader: UInt32 = framing == .ethernet ? 14 : 0
    // The frame's protocol is in the kernel's own data, whatever the link.
    load(.word, UInt32(bitPattern: SKF_AD_OFF + SKF_AD_PROTOCOL))
    let toV4 = jump(ifEqual: 0x0800)
    let toV6 = jump(ifEqual: 0x86dd)
    for tag in [0x8100, 0x88a8, 0x8847, 0x8848] as [UInt32] { accept(ifEqual: tag) }
    reject()
    land(toV4)
    v4(linkHeader, peers.prefix(Self.mostPeers).filter { $0.address.isV4 })
    land(toV6)
    v6(linkHeader, peers.prefix(Self.mostPeers).filter { !$0.address.isV4 })
    for jump in rejectJumps { resolve(jump) }
    emit(BPF_RET | BPF_K, 0)
    for jump in acceptJumps { resolve(jump) }
    emit(BPF_RET | BPF_K, snapLength)
  }

  /// IPv4: the protocol at 9, addresses at 12 and 16, ports behind a header of its own length.
  private mutating func v4(_ base: UInt32, _ peers: [PacketOptions.Peer]) {
    load(.byte, base + 9)
    // ICMP, IP in IP, IPv6 in IP, GRE.
    for number in [1, 4, 41, 47] as [UInt32] { accept(ifEqual: number) }
    let toTCP = jump(ifEqual: 6)
    rejectUnlessEqual(17)
    land(toTCP)
    guard !peers.isEmpty else { return accept() }
    // A later fragment has no ports.
    load(.half, base + 6)
    emit(BPF_JMP | BPF_JSET | BPF_K, 0x1fff)
    acceptJumps.append(Jump(at: instructions.count - 1, whenTrue: true))
    emit(BPF_LDX | BPF_B | BPF_MSH, base)
    for peer in peers {
      for (address, port) in [(base + 12, base), (base + 16, base + 2)] {
        load(.word, address)
        let toNext = jump(unlessEqual: peer.address.v4)
        emit(BPF_LD | BPF_H | BPF_IND, port)
        reject(ifEqual: UInt32(peer.port))
        land(toNext)
      }
    }
    accept()
  }

  /// IPv6: the next header at 6, addresses at 8 and 24, ports at 40 when that is TCP or UDP.
  private mutating func v6(_ base: UInt32, _ peers: [PacketOptions.Peer]) {
    load(.byte, base + 6)
    // Options, IP in IP, IPv6 in IP, routing, fragment, GRE, ICMPv6, destination options.
    for number in [0, 4, 41, 43, 44, 47, 58, 60] as [UInt32] { accept(ifEqual: number) }
    let toTCP = jump(ifEqual: 6)
    rejectUnlessEqual(17)
    land(toTCP)
    for peer in peers {
      let words = [
        peer.address.high >> 32, peer.address.high, peer.address.low >> 32,
        peer.address.low,
      ].map { UInt32(truncatingIfNeeded: $0) }
      for (address, port) in [(base + 8, base + 40), (base + 24, base + 42)] {
        var toNext: [Int] = []
        for (index, word) in words.enumerated() {
          load(.word, address + UInt32(index) * 4)
          toNext.append(jump(unlessEqual: word))
        }
        load(.half, port)
        reject(ifEqual: UInt32(peer.port))
        for jump in toNext { land(jump) }
      }
    }
    accept()
  }
}

extension PacketFilter {
  private enum Width {
    case byte, half, word

    var code: CInt {
      switch self {
      case .byte: BPF_B
      case .half: BPF_H
      case .word: BPF_W
      }
    }
  }

  private mutating func emit(_ code: CInt, _ value: UInt32) {
    instructions.append(sock_filter(code: UInt16(code), jt: 0, jf: 0, k: value))
  }

  private mutating func load(_ width: Width, _ offset: UInt32) {
    emit(BPF_LD | width.code | BPF_ABS, offset)
  }

  /// A jump whose target is told later by ``land(_:)``.
  private mutating func jump(ifEqual value: UInt32) -> Int {
    emit(BPF_JMP | BPF_JEQ | BPF_K, value)
    return instructions.count - 1
  }

  /// The same when it is not equal: the jump lies behind an instruction that leaps over it.
  private mutating func jump(unlessEqual value: UInt32) -> Int {
    emit(BPF_JMP | BPF_JEQ | BPF_K, value)
    instructions[instructions.count - 1].jt = 1
    emit(BPF_JMP | BPF_JA, 0)
    return instructions.count - 1
  }

  /// Makes the jump end at the next instruction.
  private mutating func land(_ jump: Int) {
    let distance = instructions.count - jump - 1
    if instructions[jump].code == UInt16(BPF_JMP | BPF_JA) {
      instructions[jump].k = UInt32(distance)
    } else {
      instructions[jump].jt = UInt8(distance)
    }
  }

  private mutating func accept(ifEqual value: UInt32) {
    acceptJumps.append(Jump(at: jump(ifEqual: value), whenTrue: true))
  }

  private mutating func reject(ifEqual value: UInt32) {
    rejectJumps.append(Jump(at: jump(ifEqual: value), whenTrue: true))
  }

  private mutating func rejectUnlessEqual(_ value: UInt32) {
    rejectJumps.append(Jump(at: jump(ifEqual: value), whenTrue: false))
  }

  private mutating func accept() {
    emit(BPF_JMP | BPF_JA, 0)
    acceptJumps.append(Jump(at: instructions.count - 1, whenTrue: true))
  }

  private mutating func reject() {
    emit(BPF_JMP | BPF_JA, 0)
    rejectJumps.append(Jump(at: instructions.count - 1, whenTrue: true))
  }

  private mutating func resolve(_ jump: Jump) {
    let distance = instructions.count - jump.at - 1
    if instructions[jump.at].code == UInt16(BPF_JMP | BPF_JA) {
      instructions[jump.at].k = UInt32(distance)
    } else if jump.whenTrue {
      instructions[jump.at].jt = UInt8(distance)
    } else {
      instructions[jump.at].jf = UInt8(distance)
    }
  }

  /// Puts the program into a socket.
  func attach(to descriptor: CInt) throws(SystemError) {
    var instructions = instructions
    let count = UInt16(instructions.count)
    let failed = unsafe instructions.withUnsafeMutableBufferPointer { buffer in
      var program = unsafe sock_fprog(len: count, filter: buffer.baseAddress)
      return unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program,
        socklen_t(MemoryLayout<sock_fprog>.size))
    }
    guard failed == 0 else { throw SystemError.last("attaching the packet filter") }
  }
}
