// SPDX-License-Identifier: Apache-2.0

internal import CLibBPF

/// The running kernel's own type information (BTF), read once: it is megabytes.
@safe final class KernelTypes {
  /// nil when the kernel has none.
  private let types: OpaquePointer?

  init() {
    unsafe types = unsafe btf__load_vmlinux_btf()
  }

  deinit { unsafe btf__free(types) }

  /// Whether there is a tracepoint of this name with typed arguments: the kernel declares a
  /// function type `btf_trace_<name>` for each (include/trace/bpf_probe.h).
  func hasTracepoint(_ name: String) -> Bool {
    guard let types = unsafe types else { return false }
    return unsafe btf__find_by_name_kind(types, "btf_trace_\(name)", UInt32(BTF_KIND_TYPEDEF)) >= 0
  }
}
