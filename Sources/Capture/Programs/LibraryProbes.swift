// SPDX-License-Identifier: Apache-2.0

internal import CProbes
internal import Glibc
internal import Synchronization

/// The thread that puts probes into libraries as they come to be used, and takes them out.
package final class LibraryProbes: Sendable {
  private struct State {
    var hooks: [HookReport] = []
    var libraries: [LibraryReport] = []
    var uses: [LibraryUse] = []
    var isEnded = false
  }

  private let state = Mutex(State())
  /// The thread reads from it; its end tells the thread to end.
  private let stopping: CInt

  /// Milliseconds between two looks at what processes have mapped.
  private static let pause: CInt = 200
  /// Looks after which it is told anew who has what.
  private static let looksPerTelling = 25

  /// The hooks in libraries, and in what tells of them.
  package var hooks: [HookReport] { state.withLock { $0.hooks } }
  /// The libraries that were found.
  package var libraries: [LibraryReport] { state.withLock { $0.libraries } }
  /// The same with who has them, as of some seconds ago.
  package var uses: [LibraryUse] { state.withLock { $0.uses } }

  /// Returns when what runs already was looked at.
  ///
  /// - Parameter told: called on the thread, for each library as it comes and goes.
  init(
    sharing maps: SharedMaps, options: ProbeOptions,
    told: @escaping @Sendable (LibraryReport) -> Void
  ) {
    var (stop, ready): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
    _ = unsafe mf_pipe(&stop)
    _ = unsafe mf_pipe(&ready)
    stopping = stop[1]
    let (stopped, begun) = (stop[0], ready[1])
    let isStarted = startThread { [self] in
      work(ProbeSet(sharing: maps, options: options), begun: begun, stopped: stopped, told)
      close(stopped)
      state.withLock { $0.isEnded = true }
    }
    if !isStarted {
      close(begun)
      close(stopped)
      state.withLock {
        $0.isEnded = true
        $0.hooks = TLSImplementation.allCases.map { Self.report($0, .refused(EAGAIN)) }
      }
    }
    var byte: UInt8 = 0
    while unsafe read(ready[0], &byte, 1) < 0, errno == EINTR {}
    close(ready[0])
  }

  /// Looks at what is mapped until it is to stop; the probes are out when this returns.
  private func work(
    _ probes: consuming ProbeSet, begun: CInt, stopped: CInt, _ told: (LibraryReport) -> Void
  ) {
    HostFile.nameThread("libraries")
    var set = probes
    publish(set)
    for report in set.reports { told(report) }
    close(begun)
    var wait = pollfd(fd: stopped, events: Int16(POLLIN), revents: 0)
    var looks = 0
    while unsafe poll(&wait, 1, Self.pause) == 0 || errno == EINTR && wait.revents == 0 {
      let news = set.look()
      looks += 1
      guard !news.isEmpty || looks % Self.looksPerTelling == 0 else { continue }
      publish(set)
      for report in news { told(report) }
    }
  }

  /// Takes every probe out and ends the thread; it is over when this returns.
  package func stop() {
    close(stopping)
    while !state.withLock({ $0.isEnded }) { usleep(1_000) }
  }

  private func publish(_ set: borrowing ProbeSet) {
    let (libraries, uses) = (set.reports, set.uses)
    var hooks = set.probes.map { probe in
      var state = HookReport.State.on
      if let refusal = probe.refusal {
        state = .afterFailure(refusal.code)
      } else if case .refused(let code)? = libraries.first?.state,
        !libraries.contains(where: { $0.state == .on })
      {
        state = .refused(code)
      }
      return Self.report(probe.implementation, state)
    }
    if !set.hearsOfMappings {
      hooks.append(
        HookReport(
          name: "perf mappings", shows: "libraries as they are loaded, else every 10 s",
          state: .refused(EACCES)))
    }
    state.withLock {
      $0.libraries = libraries
      $0.uses = uses
      $0.hooks = hooks
    }
  }

  private static func report(
    _ implementation: TLSImplementation, _ state: HookReport.State
  ) -> HookReport {
    HookReport(
      name: implementation.hook.name, shows: implementation.hook.shows, state: state)
  }
}

extension ProbeSession {
  /// Begins to put probes into TLS libraries, whose plain text this session then tells of.
  ///
  /// - Parameters:
  ///   - options: those of this session.
  ///   - told: called on another thread, for each library as it comes and goes.
  package func probeLibraries(
    _ options: ProbeOptions, told: @escaping @Sendable (LibraryReport) -> Void = { _ in }
  ) -> LibraryProbes {
    LibraryProbes(sharing: sharedMaps, options: options, told: told)
  }
}
