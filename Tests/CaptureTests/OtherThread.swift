// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A plain thread for what must not happen to the test's own, such as changing its namespace.
enum OtherThread {
  private final class Work {
    let body: () -> Void

    init(_ body: @escaping () -> Void) {
      self.body = body
    }
  }

  /// The number of the calling thread.
  static var current: UInt32 {
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    return path.flatMap { UInt32($0.split(separator: "/").last ?? "") } ?? 0
  }

  /// Runs `body` on a new thread and waits for it.
  static func run<Result>(_ body: () -> Result) -> Result {
    var result: Result?
    withoutActuallyEscaping({ result = body() }) { escaping in
      let work = unsafe Unmanaged.passRetained(Work(escaping))
      var thread = pthread_t()
      let started = unsafe pthread_create(
        &thread, nil,
        { context in
          unsafe Unmanaged<Work>.fromOpaque(context!).takeUnretainedValue().body()
          return nil
        }, unsafe work.toOpaque())
      precondition(started == 0, "no thread")
      pthread_join(thread, nil)
      unsafe work.release()
    }
    return result!
  }
}

extension OtherThread {
  /// Runs `side` on a new thread while `body` runs here; waits for both.
  static func both<Result>(_ side: @escaping () -> Void, and body: () -> Result) -> Result {
    let work = unsafe Unmanaged.passRetained(Work(side))
    var thread = pthread_t()
    let started = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<Work>.fromOpaque(context!).takeUnretainedValue().body()
        return nil
      }, unsafe work.toOpaque())
    precondition(started == 0, "no thread")
    let result = body()
    pthread_join(thread, nil)
    unsafe work.release()
    return result
  }
}

/// Other programs.
enum Child {
  /// Starts a program; the caller waits for it.
  static func spawn(_ arguments: String...) -> pid_t {
    var pid: pid_t = 0
    var copies = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    let failed = unsafe posix_spawn(&pid, arguments[0], nil, nil, &copies, environ)
    precondition(failed == 0, "\(arguments[0]) did not start, errno \(failed)")
    return pid
  }

  static func wait(_ pid: pid_t) {
    var status: CInt = 0
    while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
  }
}

/// The loopback interface of the calling thread's network namespace.
enum Loopback {
  static func bringUp() {
    Child.wait(Child.spawn("/usr/sbin/ip", "link", "set", "lo", "up"))
  }
}
