// SPDX-License-Identifier: Apache-2.0

import Capture
import Synchronization

/// A thread that owns what it captures with, and the pipeline behind it.
final class CaptureThread<Report: Sendable>: Sendable {
  private enum Outcome<Failure: Error> {
    case running(Report)
    case refused(Failure)
  }

  private let isStopping: Stopping
  private let ended: AsyncStream<Void>
  /// What the loop told of itself when it began.
  let report: Report

  /// Starts the thread and waits until its loop is made.
  ///
  /// - Parameter work: makes the loop, on the thread that runs it.
  /// - Throws: what the kernel refused.
  init<Loop: ObservingLoop & ~Copyable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Loop
  ) async throws(Failure) where Loop.Report == Report {
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    let stopping = Stopping()
    let outcome = await withCheckedContinuation { started in
      let isStarted = startThread {
        do throws(Failure) {
          var loop = try work()
          started.resume(returning: Outcome<Failure>.running(loop.report))
          while !stopping.isAsked { loop.step() }
          loop.finish()
        } catch {
          started.resume(returning: Outcome<Failure>.refused(error))
        }
        end.finish()
      }
      precondition(isStarted, "the host has no thread left for the agent")
    }
    self.ended = ended
    isStopping = stopping
    switch outcome {
    case .running(let report): self.report = report
    case .refused(let error): throw error
    }
  }

  /// Ends the loop; its last batch is in the queue when this returns.
  func stop() async {
    isStopping.ask()
    for await _ in ended {}
  }
}

/// Whether a thread is to end.
private final class Stopping: Sendable {
  private let flag = Atomic<Bool>(false)

  var isAsked: Bool { flag.load(ordering: .relaxed) }

  func ask() { flag.store(true, ordering: .relaxed) }
}
