// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Telemetry
import Testing

extension KernelTests {
  /// Calls that move more than one event holds, and those of many buffers.
  @Suite struct PieceTests {
    /// A pipeline of a thousand commands is one send: all of it is there, in order.
    @Test(
      arguments: KernelTests.bothHooks, [16_384, 16_385, 100_000, 1 << 20, 1 << 20 + 5_000])
    func aLongCallIsToldWhole(hooks: ProbeOptions.SocketHooks, length: Int) throws {
      let pair = TestPair(.v4, datagram: false)
      var options = KernelTests.options(hooks)
      options.filter.port = pair.client.port
      var session = try ProbeSession(options)
      try wantWhole(pair.client.cookie, &session)
      try wantWhole(pair.server.cookie, &session)
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      var received = [UInt8](repeating: 0, count: length)
      let (from, to) = (pair.client.descriptor, pair.server.descriptor)
      OtherThread.both {
        #expect(unsafe write(from, bytes, length) == length)
      } and: {
        let flags = CInt(MSG_WAITALL)
        #expect(unsafe recv(to, &received, length, flags) == length)
      }
      var recorder = Recorder()
      try recorder.drain(&session)
      for events in [
        recorder.data(pair.client.cookie, .egress), recorder.data(pair.server.cookie, .ingress),
      ] {
        #expect(events.flatMap(\.payload) == Array(bytes.prefix(1 << 20)))
        expectOneCall(events, length: length)
        #expect(events.dropLast().allSatisfy { $0.payload.count == 16_384 })
      }
      #expect(try session.counters().tally.balances)
    }

    /// The kernel knows which end asks. What asks is copied whole; what answers as far as its place
    /// among the socket's first says, with its end.
    @Test func whatAsksIsCopiedWholeAndWhatAnswersIsNot() throws {
      guard KernelTests.hasTracepoints else { return }
      var options = KernelTests.options(.tracepoints)
      options.firstLimit = 200
      options.payloadLimit = 77
      var session = try ProbeSession(options)
      let pair = TestPair(.v4, datagram: false)
      let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
      let cookies = (client: pair.client.cookie, server: pair.server.cookie)
      var recorder = Recorder()
      for call in 1...10 {
        recorder.seen = []
        SendingCall.write.run(pair.client.descriptor, bytes)
        #expect(takeAll(pair.server.descriptor, 20_000))
        SendingCall.write.run(pair.server.descriptor, bytes)
        #expect(takeAll(pair.client.descriptor, 20_000))
        try recorder.drain(&session)
        #expect(recorder.data(cookies.client, .egress).flatMap(\.payload) == bytes)
        #expect(recorder.data(cookies.server, .ingress).flatMap(\.payload) == bytes)
        let isFirst = 2 * call <= 8
        let expected =
          isFirst ? Array(bytes.prefix(200) + bytes.suffix(1_536)) : Array(bytes.prefix(77))
        let answer = recorder.data(cookies.server, .egress)
        #expect(answer.flatMap(\.payload) == expected, "call \(call)")
        expectOneCall(answer, length: 20_000)
      }
    }

    /// What was left out lies between what the limit lets through and the call's last bytes.
    @Test(arguments: KernelTests.bothHooks, [0, 10, 16_384, 18_000, 19_400, 19_999] as [UInt32])
    func theEndOfACutCallIsSeen(hooks: ProbeOptions.SocketHooks, limit: UInt32) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      let pair = TestPair(.v4, datagram: false)
      let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 / 5) }
      try session.apply(
        [SocketVerdict(socket: pair.client.cookie, .init(limit, hasTail: true))].span)
      for call in [SendingCall.write, .writev, .sendmsg] {
        call.run(pair.client.descriptor, bytes)
        var recorder = Recorder()
        try recorder.drain(&session)
        let sent = recorder.data(pair.client.cookie, .egress)
        let cut = max(Int(limit), 20_000 - 1_536)
        #expect(
          sent.flatMap(\.payload) == Array(bytes.prefix(Int(limit)) + bytes.suffix(20_000 - cut)))
        expectOneCall(sent, length: 20_000)
        #expect(sent.last.map { $0.payload.count == Int($0.event.length) } == true)
      }
    }

    /// However many buffers a call names, and however many of them are empty: its bytes are those of
    /// all of them in a row.
    @Test(arguments: KernelTests.bothHooks, VectorCall.allCases)
    func buffersAreGathered(hooks: ProbeOptions.SocketHooks, call: VectorCall) throws {
      var session = try ProbeSession(KernelTests.options(hooks))
      for datagram in [false, true] {
        let pair = TestPair(.v4, datagram: datagram)
        for cookie in [pair.client.cookie, pair.server.cookie] where !datagram {
          try wantWhole(cookie, &session)
        }
        for count in [1, 2, 3, 8, 9, 21, 64, 1_024] {
          for sizes in BufferSizes.allCases {
            var recorder = Recorder()
            let bytes = call.run(pair, sizes.sizes(count))
            try recorder.drain(&session)
            let seen =
              call.isSending
              ? recorder.data(pair.client.cookie, .egress)
              : recorder.data(pair.server.cookie, .ingress)
            let name: Comment = "\(count) buffers, \(sizes), datagram \(datagram)"
            #expect(seen.flatMap(\.payload) == bytes, name)
            expectOneCall(seen, length: bytes.count)
            #expect(seen.allSatisfy { $0.event.flags.isDisjoint(with: .partialGather) }, name)
            if datagram { #expect(seen.count == 1, name) }
          }
        }
      }
    }

    /// The same as user space asks for once it knows a protocol.
    private func wantWhole(_ cookie: UInt64, _ session: inout ProbeSession) throws {
      try session.apply([SocketVerdict(socket: cookie, .init(1 << 20))].span)
    }

    private func takeAll(_ descriptor: CInt, _ count: Int) -> Bool {
      var bytes = [UInt8](repeating: 0, count: count)
      return unsafe recv(descriptor, &bytes, count, CInt(MSG_WAITALL)) == count
    }

    /// The events tell of one call, piece by piece.
    private func expectOneCall(_ events: [Recorder.Seen], length: Int) {
      #expect(events.reduce(0) { $0 + Int($1.event.length) } == length)
      guard let first = events.first?.event, first.transport == .tcp else { return }
      var next = first.sequence
      for one in events {
        #expect(one.event.sequence == next)
        next &+= one.event.length
        #expect(one.event.exit == first.exit && one.event.enter == first.enter)
        #expect(one.event.ordinal == first.ordinal && one.event.thread == first.thread)
      }
    }
  }
}

/// How large the buffers of a call are.
enum BufferSizes: String, CaseIterable {
  case ones, oneByteButTheLast, emptyAmongThem, largeAmongThem

  func sizes(_ count: Int) -> [Int] {
    (0..<count).map { index in
      switch self {
      case .ones: 1
      case .oneByteButTheLast: index == count - 1 ? 40 : 1
      case .emptyAmongThem: index % 3 == 0 ? 7 : 0
      case .largeAmongThem: index % 10 == 4 ? 100 : 1 - index % 2
      }
    }
  }
}

/// Calls that name several buffers.
enum VectorCall: String, CaseIterable, Sendable {
  case writev, sendmsg, readv, recvmsg

  var isSending: Bool { self == .writev || self == .sendmsg }

  /// Moves bytes from the client to the server through buffers of these sizes. Returns the bytes.
  func run(_ pair: borrowing TestPair, _ sizes: [Int]) -> [UInt8] {
    let total = sizes.reduce(0, +)
    let bytes = (0..<total).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ sizes.count) }
    var buffer = isSending ? bytes : [UInt8](repeating: 0, count: total)
    if !isSending { SendingCall.write.run(pair.client.descriptor, bytes) }
    let moved = unsafe buffer.withUnsafeMutableBytes { buffer -> Int in
      var offset = 0
      var parts = unsafe sizes.map { size in
        defer { offset += size }
        return unsafe iovec(iov_base: buffer.baseAddress! + offset, iov_len: size)
      }
      let count = CInt(sizes.count)
      switch self {
      case .writev: return unsafe Glibc.writev(pair.client.descriptor, parts, count)
      case .readv: return unsafe Glibc.readv(pair.server.descriptor, parts, count)
      case .sendmsg, .recvmsg:
        return unsafe parts.withUnsafeMutableBufferPointer { vector in
          var message = unsafe msghdr()
          unsafe message.msg_iov = vector.baseAddress
          unsafe message.msg_iovlen = sizes.count
          return self == .sendmsg
            ? unsafe Glibc.sendmsg(pair.client.descriptor, &message, 0)
            : unsafe Glibc.recvmsg(pair.server.descriptor, &message, 0)
        }
      }
    }
    precondition(moved == total, "\(self) moved \(moved) of \(total), errno \(errno)")
    if isSending {
      _ = unsafe recv(
        pair.server.descriptor, &buffer, total, pair.listener == nil ? 0 : CInt(MSG_WAITALL))
    }
    return bytes
  }
}
