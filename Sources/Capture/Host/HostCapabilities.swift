// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Telemetry

/// What this host lets the agent see: the answer of `metaflow-agent check`.
package struct HostCapabilities: Sendable {
  package var kernelRelease: String
  package var architecture: String
  /// Whether the kernel carries its own type information (/sys/kernel/btf/vmlinux).
  package var hasTypeInformation: Bool
  /// Capabilities that this process lacks, by name.
  package var missingCapabilities: [Capability]
  /// Every hook and its state; empty when the probes could not be loaded at all.
  package var hooks: [HookReport]
  /// The TLS libraries that were found.
  package var libraries: [LibraryReport] = []
  /// Who has them, and who moves bytes by io_uring, by the names of their programs.
  package var libraryUsers: [String: [String]] = [:]
  package var ringUsers: [String] = []
  /// Whether the kernel keeps memory from probes.
  package var isLockedDown = false
  /// Why the probes could not be loaded; nil when they could.
  package var refusal: ProbeError?
  /// Size of the ring that was allowed, bytes; 0 when none was.
  package var ringBytes: UInt32

  /// One of capabilities(7) that the agent has a use for.
  package struct Capability: Sendable, Hashable {
    package var name: String
    package var number: UInt8
    /// What is lost without it.
    package var serves: String
  }

  static let wanted = [
    Capability(name: "CAP_BPF", number: 39, serves: "loading the probes"),
    Capability(name: "CAP_PERFMON", number: 38, serves: "attaching the probes"),
    Capability(name: "CAP_NET_ADMIN", number: 12, serves: "seeing UDP sockets close"),
    Capability(name: "CAP_NET_RAW", number: 13, serves: "capturing packets"),
    Capability(
      name: "CAP_SYS_ADMIN", number: 21, serves: "capturing packets inside of containers"),
    Capability(
      name: "CAP_SYS_PTRACE", number: 19, serves: "naming other users' processes by what they run"),
  ]

  /// Looks at the host: loads the probes for a moment and takes them out again.
  package static func examine(_ options: ProbeOptions = ProbeOptions()) -> HostCapabilities {
    let host = HostReader.report()
    // Capabilities are each thread's own, and this thread is the one that asks.
    let status = (try? HostFile.text("/proc/thread-self/status")) ?? ""
    var found = HostCapabilities(
      kernelRelease: host.kernelRelease, architecture: host.architecture,
      hasTypeInformation: unsafe access("/sys/kernel/btf/vmlinux", R_OK) == 0,
      missingCapabilities: missing(in: effectiveCapabilities(status)), hooks: [], refusal: nil,
      ringBytes: 0)
    do {
      let session = try ProbeSession(options)
      let libraries = session.probeLibraries(options)
      libraries.stop()
      found.hooks = session.hooks + libraries.hooks
      found.libraries = libraries.libraries
      found.look(at: libraries.uses)
      found.ringBytes =
        options.laneSize * UInt32(options.laneCount) + options.ringSize + options.plainRingSize
    } catch {
      found.refusal = error
    }
    return found
  }

  /// Processes that are named in one line.
  private static let mostNamed = 16

  /// Looks at what runs.
  private mutating func look(at uses: [LibraryUse]) {
    let reader = ProcessReader()
    func name(_ pid: UInt32) -> String? {
      (try? reader.report(of: pid)).map { "\($0.name) (\(pid))" }
    }
    for use in uses {
      libraryUsers[use.library.path] = use.processes.prefix(Self.mostNamed).compactMap {
        name(UInt32(bitPattern: $0))
      }
    }
    ringUsers = ProcessReader.numbers().filter { reader.usesRing($0) }.compactMap(name)
    isLockedDown = ProcessReader.isLockedDown
  }

  /// CapEff of /proc/PID/status; 0 when it does not say.
  static func effectiveCapabilities(_ status: String) -> UInt64 {
    for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
      return UInt64(line.dropFirst("CapEff:".count).filter { !$0.isWhitespace }, radix: 16) ?? 0
    }
    return 0
  }

  /// CAP_SYS_ADMIN (21) still holds everything that CAP_BPF and CAP_PERFMON were split from.
  static func missing(in effective: UInt64) -> [Capability] {
    wanted.filter { capability in
      let own = effective & 1 << UInt64(capability.number) != 0
      let old = capability.number >= 38 && effective & 1 << 21 != 0
      return !own && !old
    }
  }
}

extension HostCapabilities {
  private func isOn(_ hook: String) -> Bool {
    hooks.contains { $0.name == hook && $0.state == .on }
  }

  /// Whether the bytes of socket calls are seen at all.
  package var seesSockets: Bool { isOn("sock_send_length") || isOn("sys_exit") }

  /// What will be seen of the host, one sentence each.
  package var seen: [String] {
    guard seesSockets else { return [] }
    var lines = [
      "Bytes of every process's TCP and UDP sockets, IPv4 and IPv6, in every network namespace: "
        + "read, write, readv, writev, send*, recv*, sendmmsg, recvmmsg."
    ]
    if isOn("sock_send_length") {
      lines.append("Bytes of every process's UNIX stream sockets, and the paths they listen at.")
    }
    for library in libraries where library.state == .on {
      let users = libraryUsers[library.path] ?? []
      lines.append(
        "Plain text of TLS connections of programs that use \(library.path)"
          + (users.isEmpty ? "." : ": now " + users.joined(separator: ", ") + "."))
    }
    if isOn("inet_sock_set_state") { lines.append("TCP connections opened and closed.") }
    if isOn("cgroup/sock_release") { lines.append("UDP sockets closed.") }
    if isOn("sched_process_exec") { lines.append("Processes that begin and end.") }
    return lines
  }

  /// What will not be seen, one sentence each.
  package var unseen: [String] {
    guard seesSockets else { return [refusal?.description ?? "Nothing can be seen."] }
    var lines = [
      "sendfile and splice to a socket: only that bytes were sent, and how many; the kernel moves "
        + "them without a buffer that could be read."
    ]
    if isOn("sock_send_length") {
      lines.append(
        "io_uring: only how many bytes moved, not which; its buffers are not the call's.")
      lines.append("splice from a socket: nothing; the kernel does not pass the hook.")
      lines.append(
        "The sender of a datagram on an unconnected UDP socket: the kernel writes it later.")
      lines.append("UNIX datagram and seqpacket sockets: nothing.")
    } else {
      lines.append("UNIX sockets: nothing; they are seen at the tracepoints only.")
      lines.append("io_uring: nothing; it moves bytes without a system call of their own.")
      lines.append("Messages beyond the eighth of one sendmmsg or recvmmsg: counted, not shown.")
    }
    lines.append(
      "Plain text of TLS that programs move through memory of their own (Node.js, Python's asyncio), "
        + "or with other libraries (Java): nothing; it is cipher text to the probes."
    )
    for library in libraries {
      if case .on = library.state { continue }
      lines.append("\(library).")
    }
    if !ringUsers.isEmpty {
      lines.append(
        "Of these processes which bytes they move, as far as they do it by io_uring: "
          + ringUsers.prefix(Self.mostNamed).joined(separator: ", ") + ".")
    }
    if isLockedDown {
      lines.append(
        "Memory of processes: the kernel is locked down (/sys/kernel/security/lockdown).")
    }
    lines.append(
      "Calls of 32-bit programs on a 64-bit kernel: only how many bytes moved, or nothing.")
    for hook in hooks where hook.state != .on && hook.state != .notNeeded {
      lines.append("\(hook.description).")
    }
    return lines
  }

  /// The whole answer as lines of text.
  package var lines: [String] {
    var lines = ["Kernel \(kernelRelease) on \(architecture)"]
    lines.append(
      hasTypeInformation
        ? "Type information: /sys/kernel/btf/vmlinux"
        : "Type information: none (CONFIG_DEBUG_INFO_BTF), which the probes need")
    for capability in missingCapabilities {
      lines.append("Missing: \(capability.name), for \(capability.serves)")
    }
    lines.append(ringBytes > 0 ? "Ring: \(ringBytes) bytes" : "Ring: refused")
    lines += hooks.map { "Hook \($0)" }
    lines += seen.map { "Seen: \($0)" }
    lines += unseen.map { "Not seen: \($0)" }
    return lines
  }
}
