// SPDX-License-Identifier: Apache-2.0

/// Whether something of a process, or of the host, is seen, and if not, why. An open set: the number
/// travels, the words are for people.
package struct CoverageGap: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Calls of a protocol are read.
  package static let none = CoverageGap(rawValue: 0)
  /// No protocol that is read speaks there.
  package static let unknownProtocol = CoverageGap(rawValue: 1)
  /// TLS whose plain text nobody shows.
  package static let cipherText = CoverageGap(rawValue: 2)
  /// The kernel refuses probes in a TLS library of the process.
  package static let libraryRefused = CoverageGap(rawValue: 3)
  /// Its TLS library cannot be read, or has no symbols.
  package static let libraryUnreadable = CoverageGap(rawValue: 4)
  /// The process moves bytes by io_uring.
  package static let ringInUse = CoverageGap(rawValue: 5)
  /// The kernel does not have a hook.
  package static let hookAbsent = CoverageGap(rawValue: 6)
  /// It has the hook and refuses it.
  package static let hookRefused = CoverageGap(rawValue: 7)
  /// The protocol ended the agent several times and is not read any more.
  package static let protocolSuspended = CoverageGap(rawValue: 8)
  /// The configuration names the protocols that are looked for.
  package static let notLookedFor = CoverageGap(rawValue: 9)
  /// The configuration switches the plain text of TLS, or packets, off.
  package static let switchedOff = CoverageGap(rawValue: 10)
  /// The agent sheds load: it copies less, keeps a sample, or looks away.
  package static let sheddingLoad = CoverageGap(rawValue: 11)
  /// The kernel is locked down.
  package static let lockedDown = CoverageGap(rawValue: 12)
  /// No probes at all: packets only.
  package static let withoutProbes = CoverageGap(rawValue: 13)
  /// The agent itself, which leaves its own calls out.
  package static let ignored = CoverageGap(rawValue: 14)

  /// As the API tells it.
  package var name: String { words.name }
  /// Why it is not seen: one sentence, empty where it is.
  package var reason: String { words.reason }
  /// What would make it seen.
  package var remedy: String { words.remedy }

  private struct Words {
    var name: String
    var reason = ""
    var remedy = ""
  }

  private var words: Words {
    switch self {
    case .none: Words(name: "seen")
    case .unknownProtocol:
      Words(
        name: "unknown_protocol",
        reason: "No protocol that is read speaks there; what was said last began like this.",
        remedy: "Look whether `protocols` leaves it out; else report the program and the bytes.")
    case .cipherText:
      Words(
        name: "tls_not_read",
        reason: "TLS, by a library whose plain text is not read.",
        remedy: "Nothing yet for Java, copies of OpenSSL inside of programs, and Go before 1.18.")
    case .libraryRefused:
      Words(
        name: "tls_library_refused", reason: "The kernel refuses probes in its TLS library.",
        remedy: "Grant the agent CAP_SYS_ADMIN, or CAP_PERFMON and a lower "
          + "kernel.perf_event_paranoid.")
    case .libraryUnreadable:
      Words(
        name: "tls_library_unreadable", reason: "Its TLS library cannot be read.",
        remedy: "Use one that has its dynamic symbols, and let the agent read it.")
    case .ringInUse:
      Words(
        name: "io_uring",
        reason: "It moves bytes by io_uring: their number is seen, not the bytes.",
        remedy: "Switch io_uring off in the program, or capture its packets.")
    default: hostWords
    }
  }

  private var hostWords: Words {
    switch self {
    case .hookAbsent:
      Words(
        name: "hook_absent", reason: "This kernel does not have the hook.",
        remedy: "A newer kernel has it.")
    case .hookRefused:
      Words(
        name: "hook_refused", reason: "The kernel refuses the hook.",
        remedy: "Run the agent as root, or with the capabilities that `metaflow-agent check` names."
      )
    case .protocolSuspended:
      Words(
        name: "protocol_suspended",
        reason: "Reading the protocol ended the agent several times, so it is not read any more.",
        remedy: "metaflow-agent protocols --resume NAME reads it again.")
    case .notLookedFor:
      Words(
        name: "not_looked_for", reason: "The configuration names the protocols that are read.",
        remedy: "Leave `protocols` empty.")
    case .switchedOff:
      Words(
        name: "switched_off", reason: "The configuration switches it off.",
        remedy: "Switch it on in the agent's configuration.")
    case .sheddingLoad:
      Words(
        name: "shedding_load", reason: "The agent sheds load to stay inside of its limits.",
        remedy: "Raise `limits` of the agent.")
    case .lockedDown:
      Words(
        name: "locked_down", reason: "The kernel is locked down and keeps memory from probes.",
        remedy: "Start the kernel with lockdown=integrity, or without.")
    case .withoutProbes:
      Words(
        name: "without_probes", reason: "The kernel refuses the probes: only packets are seen.",
        remedy: "metaflow-agent check tells what is missing.")
    case .ignored:
      Words(
        name: "ignored", reason: "The agent leaves its own calls out.",
        remedy: "Nothing: it would see itself see.")
    default: Words(name: "gap_\(rawValue)")
    }
  }
}
