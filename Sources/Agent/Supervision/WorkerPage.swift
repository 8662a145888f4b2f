// SPDX-License-Identifier: Apache-2.0

import CCrash
package import Capture
import Glibc

/// The memory that supervisor and worker share, which outlives the worker: whether it is up, and its
/// counters as text.
package struct WorkerPage: Sendable {
  /// By its address: it is mapped until the process ends.
  private let address: UInt

  /// - Throws: when the descriptor is none of such a page.
  package init(descriptor: CInt) throws(SystemError) {
    guard let page = unsafe mf_worker_page_map(descriptor) else {
      throw SpoolFile.last("mapping the page of the worker")
    }
    address = UInt(bitPattern: page)
  }

  private var page: OpaquePointer? { unsafe OpaquePointer(bitPattern: address) }

  var isUp: Bool { unsafe mf_worker_page_is_up(page) != 0 }

  func setUp(_ isUp: Bool) { unsafe mf_worker_page_set_up(page, isUp ? 1 : 0) }

  /// Takes the place of the text before.
  func tell(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
        unsafe mf_worker_page_tell(page, characters.baseAddress, characters.count)
      }
    }
  }

  var counters: String {
    var bytes = [UInt8](repeating: 0, count: Int(MF_COUNTERS_BYTES))
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe mf_worker_page_read(
        page, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Makes the calling process write a report when it crashes.
  func watchForCrashes(_ folder: CrashFolder, writesRaw: Bool) throws(SystemError) {
    try SpoolFile.makeDirectory(folder.path)
    unsafe _ = unlink(folder.freshReport)
    let failed = unsafe mf_crash_watch(
      folder.freshReport, Agent.version, page, writesRaw ? 1 : 0)
    guard failed == 0 else { throw SpoolFile.last("preparing for a crash") }
  }
}
