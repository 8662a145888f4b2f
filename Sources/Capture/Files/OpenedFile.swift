// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An open file or pipe whose bytes are read once, from front to back.
///
/// It is read and not mapped: a mapping of a file that somebody cuts off ends the program that looks
/// at it.
struct OpenedFile: ~Copyable {
  /// How often somebody who waits for a pipe is asked whether to go on.
  private static let askMilliseconds: CInt = 100

  private let descriptor: CInt
  private let isStopped: @Sendable () -> Bool
  /// Bytes that there were when it was opened; nil for what has no size, such as a pipe.
  let size: UInt64?
  private(set) var bytesRead: UInt64 = 0

  private init(_ descriptor: CInt, size: UInt64?, isStopped: @escaping @Sendable () -> Bool) {
    self.descriptor = descriptor
    self.size = size
    self.isStopped = isStopped
  }

  /// - Parameters:
  ///   - path: "-" is standard input, which stays open.
  ///   - isStopped: asked while a pipe has nothing; true ends the reading.
  static func open(
    path: String, isStopped: @escaping @Sendable () -> Bool
  ) throws(CaptureFileError.Reason) -> OpenedFile {
    // A named pipe is not waited for here, where nobody could stop it.
    let descriptor =
      path == "-"
      ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
      : unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(errno) }
    var status = stat()
    let isKnown = unsafe fstat(descriptor, &status) == 0
    let kind = status.st_mode & S_IFMT
    // What is in front of where standard input stands was somebody else's.
    let start = max(0, lseek(descriptor, 0, SEEK_CUR))
    let file = OpenedFile(
      descriptor,
      size: isKnown && kind == S_IFREG ? UInt64(max(0, status.st_size - start)) : nil,
      isStopped: isStopped)
    if kind == S_IFDIR { throw .unreadable(EISDIR) }
    // Nothing of a file system: standard input was closed, and its number has been given away.
    if isKnown, kind == 0 { throw .unreadable(EBADF) }
    if isatty(descriptor) == 1 { throw .terminal }
    return file
  }

  deinit { close(descriptor) }

  /// Reads what is there, at least one byte; 0 at the end.
  ///
  /// - Throws: also when a file has become shorter than it was.
  mutating func read(
    into room: UnsafeMutableRawBufferPointer
  ) throws(CaptureFileError.Reason) -> Int {
    var count: Int
    repeat {
      while size == nil, !isReady(within: Self.askMilliseconds) {
        if isStopped() { throw .stopped }
      }
      count = unsafe Glibc.read(descriptor, room.baseAddress, room.count)
    } while count < 0 && (errno == EINTR || errno == EAGAIN)
    guard count >= 0 else { throw .unreadable(errno) }
    bytesRead &+= UInt64(count)
    if count == 0, let size, bytesRead < size { throw .shortened }
    return count
  }

  /// Whether reading would not wait: there is something, or the end.
  func isReady(within milliseconds: CInt) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&waiting, 1, milliseconds) != 0
  }
}
