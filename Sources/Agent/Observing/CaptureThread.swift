// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Synchronization

/// The one thread that owns the probes and the pipeline.
final class CaptureThread: Sendable {
  private enum Outcome {
    case running
    case refused(ProbeError)
  }

  private let isStopping = Atomic<Bool>(false)
  private let ended: AsyncStream<Void>
  private let report = Mutex<[HookReport]>([])

  /// Every hook of the probes and whether it is on.
  var hooks: [HookReport] { report.withLock { $0 } }

  /// Starts the thread and waits until the probes are in the kernel.
  ///
  /// - Parameter work: makes the loop, on the thread that runs it.
  /// - Throws: what the kernel refused.
  init(
    _ work: @escaping @Sendable () throws(ProbeError) -> CaptureLoop
  ) async throws(ProbeError) {
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    self.ended = ended
    let outcome = await withCheckedContinuation { started in
      startThread { [self] in
        do throws(ProbeError) {
          var loop = try work()
          report.withLock { $0 = loop.hooks }
          started.resume(returning: Outcome.running)
          while !isStopping.load(ordering: .relaxed) { loop.step() }
          loop.finish()
        } catch {
          started.resume(returning: Outcome.refused(error))
        }
        end.finish()
      }
    }
    if case .refused(let error) = outcome { throw error }
  }

  /// Ends the loop; its last batch is in the queue when this returns.
  func stop() async {
    isStopping.store(true, ordering: .relaxed)
    for await _ in ended {}
  }
}

/// Runs `body` on a thread of its own.
private func startThread(_ body: @escaping @Sendable () -> Void) {
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
  precondition(failed == 0, "the host has no thread left for the agent")
  pthread_detach(thread)
}
