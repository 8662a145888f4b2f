// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Runs `body` on a thread of its own, for what would block others: the kernel's waits, /proc. False,
/// and nothing is run, when the host has no thread left.
package func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let box = unsafe Unmanaged.passRetained(Box(body))
  let failed = unsafe pthread_create(
    &thread, nil,
    { argument in
      guard let argument = unsafe argument else { return nil }
      unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }, box.toOpaque())
  guard failed == 0 else {
    unsafe box.release()
    return false
  }
  pthread_detach(thread)
  return true
}
