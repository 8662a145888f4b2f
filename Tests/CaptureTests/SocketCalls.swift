// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Ways to send bytes through a connected socket.
enum SendingCall: String, CaseIterable, Sendable {
  case write, writev, pwritev2, send, sendmsg, sendmmsg, sendfile, splice

  /// Whether the bytes come from this process's memory, where a probe can read them.
  var hasBuffer: Bool { self != .sendfile && self != .splice }

  /// Sends `bytes` in one call (for sendmmsg as two messages, cut in the middle).
  func run(_ descriptor: CInt, _ bytes: [UInt8]) {
    var bytes = bytes
    let count = bytes.count
    let half = count / 2
    let sent = unsafe bytes.withUnsafeMutableBytes { buffer -> Int in
      let base = buffer.baseAddress!
      var parts = unsafe [
        iovec(iov_base: base, iov_len: half), iovec(iov_base: base + half, iov_len: count - half),
      ]
      switch self {
      case .write: return unsafe Glibc.write(descriptor, base, count)
      case .writev: return unsafe Glibc.writev(descriptor, parts, 2)
      case .pwritev2: return unsafe LibC.pwritev2(descriptor, parts, 2, -1, 0)
      case .send: return unsafe Glibc.send(descriptor, base, count, 0)
      case .sendmsg:
        return unsafe parts.withUnsafeMutableBufferPointer { vector in
          var message = unsafe msghdr()
          unsafe message.msg_iov = vector.baseAddress
          unsafe message.msg_iovlen = 2
          return unsafe Glibc.sendmsg(descriptor, &message, 0)
        }
      case .sendmmsg:
        return unsafe parts.withUnsafeMutableBufferPointer { vector in
          var messages = unsafe Message.each(of: vector)
          return Int(unsafe LibC.sendmmsg(descriptor, &messages, 2, 0)) == 2 ? count : -1
        }
      case .sendfile:
        let file = unsafe LibC.memoryFile(base, count)
        defer { close(file) }
        return LibC.sendfile(descriptor, file, nil, count)
      case .splice:
        var pipe: [CInt] = [0, 0]
        unsafe Glibc.pipe(&pipe)
        defer { for end in pipe { close(end) } }
        _ = unsafe Glibc.write(pipe[1], base, count)
        return LibC.splice(pipe[0], nil, descriptor, nil, count, 0)
      }
    }
    precondition(sent == count, "\(self) sent \(sent) of \(count), errno \(errno)")
  }
}

/// Ways to receive bytes.
enum ReceivingCall: String, CaseIterable, Sendable {
  case read, readv, preadv2, recvfrom, recvmsg, recvmmsg

  /// Receives once into two buffers of which the first holds `first` bytes (one buffer where the
  /// call knows only one). Returns the bytes received.
  @discardableResult
  func run(_ descriptor: CInt, first: Int = 4) -> Int {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    return unsafe bytes.withUnsafeMutableBytes { buffer -> Int in
      let base = buffer.baseAddress!
      var parts = unsafe [
        iovec(iov_base: base, iov_len: first),
        iovec(iov_base: base + first, iov_len: 4_096 - first),
      ]
      switch self {
      case .read: return unsafe Glibc.read(descriptor, base, 4_096)
      case .readv: return unsafe Glibc.readv(descriptor, parts, 2)
      case .preadv2: return unsafe LibC.preadv2(descriptor, parts, 2, -1, 0)
      case .recvfrom: return unsafe Glibc.recv(descriptor, base, 4_096, 0)
      case .recvmsg:
        return unsafe parts.withUnsafeMutableBufferPointer { vector in
          var message = unsafe msghdr()
          unsafe message.msg_iov = vector.baseAddress
          unsafe message.msg_iovlen = 2
          return unsafe Glibc.recvmsg(descriptor, &message, 0)
        }
      case .recvmmsg:
        return unsafe parts.withUnsafeMutableBufferPointer { vector in
          var message = unsafe msghdr()
          unsafe message.msg_iov = vector.baseAddress
          unsafe message.msg_iovlen = 2
          var messages = unsafe [Message(header: message, length: 0)]
          let count = unsafe LibC.recvmmsg(descriptor, &messages, 1, 0, nil)
          return unsafe count == 1 ? Int(messages[0].length) : -1
        }
      }
    }
  }
}

/// struct mmsghdr, which the C library's module leaves out.
@unsafe struct Message {
  var header: msghdr
  var length: UInt32
  var unused: UInt32 = 0

  /// One message for each buffer.
  static func each(of vector: UnsafeMutableBufferPointer<iovec>) -> [Message] {
    unsafe vector.indices.map { index in
      var header = unsafe msghdr()
      unsafe header.msg_iov = vector.baseAddress! + index
      unsafe header.msg_iovlen = 1
      return unsafe Message(header: header, length: 0)
    }
  }
}

/// Calls of the C library that its module leaves out, because they need _GNU_SOURCE.
enum LibC {
  typealias Vector = @convention(c) (CInt, UnsafePointer<iovec>, CInt, Int, CInt) -> Int
  typealias SendMessages =
    @convention(c) (CInt, UnsafeMutableRawPointer, CUnsignedInt, CInt) -> CInt
  typealias ReceiveMessages =
    @convention(c) (
      CInt, UnsafeMutableRawPointer, CUnsignedInt, CInt, UnsafeMutableRawPointer?
    ) -> CInt
  typealias SendFile = @convention(c) (CInt, CInt, UnsafeMutablePointer<Int>?, Int) -> Int
  typealias Splice =
    @convention(c) (
      CInt, UnsafeMutablePointer<Int>?, CInt, UnsafeMutablePointer<Int>?, Int, CUnsignedInt
    ) -> Int
  typealias MemoryFile = @convention(c) (UnsafePointer<CChar>, CUnsignedInt) -> CInt
  typealias Identity = @convention(c) () -> CInt

  static var pwritev2: Vector { unsafe find("pwritev2", as: Vector.self) }
  static var preadv2: Vector { unsafe find("preadv2", as: Vector.self) }
  static var sendmmsg: SendMessages { unsafe find("sendmmsg", as: SendMessages.self) }
  static var recvmmsg: ReceiveMessages { unsafe find("recvmmsg", as: ReceiveMessages.self) }
  static var sendfile: SendFile { unsafe find("sendfile", as: SendFile.self) }
  static var splice: Splice { unsafe find("splice", as: Splice.self) }

  /// The calling thread's id.
  static var thread: CInt { find("gettid", as: Identity.self)() }

  /// A file in memory with these contents, at its beginning.
  static func memoryFile(_ base: UnsafeMutableRawPointer, _ count: Int) -> CInt {
    let file = unsafe find("memfd_create", as: MemoryFile.self)("contents", 0)
    _ = unsafe Glibc.write(file, base, count)
    lseek(file, 0, SEEK_SET)
    return file
  }

  private static func find<Function>(_ name: String, as _: Function.Type) -> Function {
    unsafe unsafeBitCast(dlsym(nil, name)!, to: Function.self)
  }
}
