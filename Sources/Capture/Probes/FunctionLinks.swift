// SPDX-License-Identifier: Apache-2.0

internal import CLibBPF
internal import Glibc

/// Probes in the functions of one file, which go when this does.
@safe final class FunctionLinks {
  private var links: [OpaquePointer]

  init() { unsafe links = [] }

  deinit {
    for index in unsafe links.indices { unsafe bpf_link__destroy(links[index]) }
  }

  fileprivate func append(_ link: OpaquePointer) { unsafe links.append(link) }
}

extension LoadedProbe {
  /// Has a program that is loaded run where a function of a file begins, or returns, in every process
  /// that has the file, now or later. 0 or errno.
  func attach(
    _ program: String, to path: String, offset: UInt64, atReturn: Bool, _ links: FunctionLinks
  ) -> CInt {
    guard let loaded = unsafe self.program(program) else { return ENOENT }
    var options = unsafe bpf_uprobe_opts()
    unsafe options.sz = MemoryLayout<bpf_uprobe_opts>.size
    unsafe options.retprobe = atReturn
    let link = unsafe bpf_program__attach_uprobe_opts(loaded, -1, path, Int(offset), &options)
    guard let link = unsafe link else { return errno }
    unsafe links.append(link)
    return 0
  }
}
