// SPDX-License-Identifier: Apache-2.0

import CLibBPF
import Capture
import Glibc
import Telemetry
import Testing

extension KernelTests {
  /// The probes' own life and death.
  @Suite struct LifeTests {
    /// Nothing is pinned, so an agent that is killed takes its programs with it.
    @Test func aKilledProcessLeavesNoProgramBehind() async throws {
      let result = await #expect(
        processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
      ) {
        let session = try ProbeSession()
        print("programs:", session.hooks.isEmpty ? "" : LoadedPrograms.own().description)
        fflush(nil)
        kill(getpid(), SIGKILL)
        withExtendedLifetime(session.hooks) {}
      }
      let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
      let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("programs:") })
      let programs = line.split { !$0.isNumber }.compactMap { UInt32($0) }
      #expect(programs.count >= 7)
      let deadline = ContinuousClock.now + .seconds(60)
      while programs.contains(where: LoadedPrograms.exists) && ContinuousClock.now < deadline {
        usleep(10_000)
      }
      #expect(programs.filter(LoadedPrograms.exists) == [])
    }

    /// Giving the session up is enough too.
    @Test func aSessionThatEndsLeavesNoProgramBehind() throws {
      let before = Set(LoadedPrograms.own())
      do {
        let session = try ProbeSession()
        #expect(Set(LoadedPrograms.own()).count > before.count)
        _ = session.hooks
      }
      #expect(Set(LoadedPrograms.own()) == before)
    }

    /// An ordinary user gets a sentence and no trace.
    @Test func withoutPermissionThereIsOneSentence() async throws {
      let result = await #expect(
        processExitsWith: .success,
        observing: [\.standardOutputContent, \.standardErrorContent]
      ) {
        precondition(setgid(65_534) == 0 && setuid(65_534) == 0)
        do throws(ProbeError) {
          let session = try ProbeSession()
          print("loaded", session.hooks.count)
        } catch {
          precondition(error.reason == .notPermitted)
          print(error)
        }
        for line in HostCapabilities.examine().lines { print(line) }
        exit(0)
      }
      let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
      let lines = output.split(separator: "\n")
      let sentence = lines.first { $0.hasPrefix("The kernel refuses to load the socket probes") }
      #expect(sentence?.contains("CAP_BPF and CAP_PERFMON") == true)
      #expect(lines.contains { $0.hasPrefix("Missing: CAP_BPF") })
      #expect(!output.contains("libbpf"))
      let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(!errors.contains("libbpf"))
    }

    @Test func theCheckNamesEveryHookAndWhatStaysHidden() {
      let found = HostCapabilities.examine()
      #expect(found.refusal == nil && found.seesSockets && found.hasTypeInformation)
      #expect(found.missingCapabilities.isEmpty)
      let lines = found.lines
      for hook in found.hooks { #expect(lines.contains { $0.contains(hook.name) }) }
      let always = ["io_uring", "sendfile"]
      let hiddenFromTracepoints = KernelTests.hasTracepoints ? ["splice from a socket"] : []
      for hidden in always + hiddenFromTracepoints {
        #expect(lines.contains { $0.hasPrefix("Not seen: ") && $0.contains(hidden) })
      }
    }

    /// Times come out as the clock on the wall has them, whatever the kernel's clock says.
    @Test func timesAreSinceTheEpoch() throws {
      var session = try ProbeSession(KernelTests.options())
      let pair = TestPair(.v4, datagram: false)
      var before = timespec()
      var after = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &before)
      SendingCall.write.run(pair.client.descriptor, Array("now".utf8))
      unsafe clock_gettime(CLOCK_REALTIME, &after)
      var recorder = Recorder()
      try recorder.drain(&session)
      let event = try #require(recorder.data(pair.client.cookie, .egress).first?.event)
      let slack = 1_000_000
      let first = before.tv_sec * 1_000_000_000 + before.tv_nsec - slack
      let last = after.tv_sec * 1_000_000_000 + after.tv_nsec + slack
      #expect((first...last).contains(Int(event.enter.nanoseconds)))
      #expect((first...last).contains(Int(event.exit.nanoseconds)))
      // The connection knows when its last packet left, which is before the call returned.
      #expect(event.enter < event.exit)
    }
  }
}

/// BPF programs in the kernel.
enum LoadedPrograms {
  /// Ids of the programs that this process holds (proc(5), fdinfo).
  static func own() -> [UInt32] {
    guard let folder = unsafe opendir("/proc/self/fdinfo") else { return [] }
    defer { unsafe closedir(folder) }
    var found: [UInt32] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let file = unsafe fopen("/proc/self/fdinfo/\(name)", "r") else { continue }
      defer { unsafe fclose(file) }
      var text = [UInt8](repeating: 0, count: 1_024)
      let count = unsafe fread(&text, 1, 1_024, file)
      for line in String(decoding: text[..<count], as: UTF8.self).split(separator: "\n")
      where line.hasPrefix("prog_id:") {
        if let id = UInt32(line.filter(\.isNumber)), !found.contains(id) { found.append(id) }
      }
    }
    return found.sorted()
  }

  static func exists(_ id: UInt32) -> Bool {
    let descriptor = bpf_prog_get_fd_by_id(id)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }
}
