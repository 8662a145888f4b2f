// SPDX-License-Identifier: Apache-2.0

/// Why probes could not be loaded, in words for the person who started the agent.
///
/// `description` is one sentence: what is refused, what still works, and how to allow it.
package struct ProbeError: Error, Hashable {
  package enum Reason: Hashable, Sendable {
    /// The kernel does not let this process load or attach BPF programs.
    case notPermitted
    /// The kernel's verifier, or a security module, does not accept a program (EACCES).
    case notAccepted
    /// The kernel lacks something every probe needs: the ring buffer (5.8) or its own type
    /// information (CONFIG_DEBUG_INFO_BTF).
    case kernelTooOld
    /// The kernel has no hook of the wanted kind.
    case noSuchHook
    /// Memory for the ring or the maps was refused.
    case outOfMemory
    /// Anything else, by errno.
    case other(CInt)
  }

  package var reason: Reason
  /// What was being loaded or attached: "socket probes".
  package var subject: String

  package init(reason: Reason, subject: String) {
    self.reason = reason
    self.subject = subject
  }
}

extension ProbeError: CustomStringConvertible {
  package var description: String {
    switch reason {
    case .notPermitted:
      "The kernel refuses to load the \(subject) (operation not permitted): no call on this host "
        + "can be seen, while replaying capture files still works; run the agent as root or grant "
        + "it CAP_BPF and CAP_PERFMON, in a container with the host's pid namespace and without a "
        + "seccomp profile that forbids bpf(2)."
    case .notAccepted:
      "The kernel does not accept the \(subject) (permission denied by its verifier or by a "
        + "security module such as SELinux): no call on this host can be seen, while replaying "
        + "capture files still works; allow the agent bpf(2) in the security module, and if there "
        + "is none report the kernel's release, because its verifier has to be pleased."
    case .kernelTooOld:
      "The kernel lacks what the \(subject) need: no call on this host can be seen, while "
        + "replaying capture files still works; use Linux 5.8 or later, built with "
        + "CONFIG_DEBUG_INFO_BTF so that /sys/kernel/btf/vmlinux exists."
    case .noSuchHook:
      "The kernel has no hook for the \(subject): no call on this host can be seen through it; "
        + "let the agent choose the hooks itself, or use Linux 6.3 or later."
    case .outOfMemory:
      "The kernel refuses memory for the \(subject): no call on this host can be seen; make the "
        + "ring smaller or raise the memory limit of the agent's control group."
    case .other(let code):
      "The \(subject) could not be loaded (\(SystemError.text(of: code)), errno \(code)): no call "
        + "on this host can be seen, while replaying capture files still works; "
        + "'metaflow-agent check' tells what this kernel offers."
    }
  }
}
