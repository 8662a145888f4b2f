// SPDX-License-Identifier: Apache-2.0

import CCrash
package import Capture
import Glibc
package import Logging

/// Keeps a worker running: starts it again when it crashes, keeps what it leaves, and ends with it when
/// it ends by itself.
///
/// A process of its own that reads nothing a stranger wrote but the reports of its worker. Owns the main
/// thread, on which the worker's life hangs.
package struct Supervisor {
  /// Between looks at the history, which another process may change.
  private static let lookEvery = Duration.seconds(1)
  /// The pause before a worker is started again, doubled with each crash up to a bound.
  private static let firstPause = Duration.milliseconds(100)
  private static let longestPause = Duration.seconds(30)
  /// A worker that lived so long has earned the first pause again.
  private static let goodLife = Duration.seconds(60)

  private let arguments: [String]
  private let folder: CrashFolder
  private let logger: Logger
  private var signals: StopSet
  private var page: (descriptor: CInt, memory: WorkerPage)
  private var pause = Self.firstPause
  private var hasBeenUp = false

  /// - Parameter arguments: of this process, from the subcommand on.
  package init(
    spoolDirectory: String, arguments: [String], logger: Logger
  ) throws(SystemError) {
    self.arguments = arguments
    self.logger = logger
    folder = CrashFolder(spoolDirectory: spoolDirectory)
    signals = StopSet()
    let descriptor = mf_worker_page_create()
    guard descriptor >= 0 else { throw SpoolFile.last("making the page of the worker") }
    page = (descriptor, try WorkerPage(descriptor: descriptor))
  }

  /// Runs workers until one ends by itself or this process is told to stop; the code to exit with.
  package mutating func run() -> Int32 {
    while true {
      let worker: WorkerProcess
      do throws(SystemError) {
        page.memory.setUp(false)
        page.memory.tell("")
        worker = try WorkerProcess(arguments: arguments, page: page.descriptor)
      } catch {
        logger.error("\(error)")
        guard hasBeenUp, wait() else { return 69 }
        continue
      }
      switch attend(worker) {
      case .over(let code): return code
      case .again: continue
      case .crashed:
        guard wait() else { return 0 }
        change { $0.noteRestart() }
      }
    }
  }

  private enum Next {
    case over(Int32)
    case again
    case crashed
  }

  /// Waits for the end of a worker.
  private mutating func attend(_ worker: WorkerProcess) -> Next {
    var isStopping = false
    var isReplacing = false
    var suspended = folder.history.suspended
    var version = folder.version
    while true {
      if signals.wait(atMost: Self.lookEvery) == .stop {
        isStopping = true
        worker.send(SIGTERM)
      }
      if let end = worker.end() {
        hasBeenUp = hasBeenUp || page.memory.isUp
        return judge(end, of: worker, isStopping: isStopping, isReplacing: isReplacing)
      }
      guard !isStopping, !isReplacing, folder.version != version else { continue }
      version = folder.version
      let now = folder.history.suspended
      guard now != suspended else { continue }
      suspended = now
      isReplacing = true
      logger.notice("Protocols were resumed: the worker is started anew")
      worker.send(SIGTERM)
    }
  }

  private mutating func judge(
    _ end: WorkerProcess.End, of worker: WorkerProcess, isStopping: Bool, isReplacing: Bool
  ) -> Next {
    if ContinuousClock.now - worker.started > Self.goodLife { pause = Self.firstPause }
    switch end {
    case .exit(let code):
      if isStopping { return .over(code) }
      if isReplacing { return .again }
      // It ran before, so this is no fault of the settings: what it needs may come back.
      guard code != 0, code != 78, hasBeenUp else { return .over(code) }
      logger.error(
        "The worker ended with \(code) when it was started again; it will be tried again")
      return wait() ? .again : .over(code)
    case .signal(let number) where WorkerProcess.stopping.contains(number) && isStopping:
      return .over(0)
    case .signal(let number) where WorkerProcess.stopping.contains(number) && isReplacing:
      return .again
    case .signal(let number):
      keep(signal: number)
      return isStopping ? .over(128 + number) : .crashed
    }
  }

  /// Keeps a report of a crash, counts it, and says so.
  private mutating func keep(signal: CInt) {
    let time = Int64(Glibc.time(nil))
    let bytes =
      folder.takeFresh()
      ?? CrashReport.bare(
        version: Agent.version, time: time, signal: signal, counters: page.memory.counters)
    let report = CrashReport(bytes)
    let path = (try? folder.keep(bytes, at: time)) ?? "nowhere, as the disk refuses it"
    let deed = report.name.map { " while it parsed \($0)" } ?? ""
    logger.error("The worker crashed with signal \(signal)\(deed); report: \(path)")
    let suspended = change { $0.note(report.name, report.extent, at: time) } ?? nil
    if let suspended {
      logger.error(
        """
        \(suspended.name) ended the worker \(CrashHistory.crashesToSuspend) times and is not read any \
        more; to read it again: metaflow-agent protocols --resume \(suspended.name)
        """)
    }
  }

  @discardableResult
  private func change<Result>(_ body: (inout CrashHistory) -> Result) -> Result? {
    do throws(SystemError) {
      return try folder.change(body)
    } catch {
      logger.error("The crash is not remembered: \(error)")
      return nil
    }
  }

  /// Waits before the next worker; false when it is not to be started any more.
  private mutating func wait() -> Bool {
    let until = ContinuousClock.now + pause
    pause = min(pause * 2, Self.longestPause)
    while ContinuousClock.now < until {
      if signals.wait(atMost: until - .now) == .stop { return false }
    }
    return true
  }
}
