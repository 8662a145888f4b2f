// SPDX-License-Identifier: Apache-2.0

/// A file with functions that are of interest.
struct ProbedFile {
  let path: String
  var state = LibraryReport.State.on
  /// Whether it is one of the host's libraries, which stay.
  var isInstalled: Bool
  /// Processes that mapped it and are not known to be gone.
  var users: Set<Int32> = []
  private var links = FunctionLinks()

  init(path: String, isInstalled: Bool) {
    self.path = path
    self.isInstalled = isInstalled
  }

  var report: LibraryReport { LibraryReport(path: path, state: state) }

  /// Puts probes into all of the places, or, when the kernel refuses one, into none.
  mutating func putIn(_ probe: PlainTextProbe, _ places: [ProbePlace], _ descriptor: CInt) {
    guard case .on = state else { return }
    // Whatever is called so by now, this is the file.
    let path = "/proc/self/fd/\(descriptor)"
    for place in places {
      let code = probe.attach(place, to: path, links)
      guard code == 0 else {
        links = FunctionLinks()
        state = .refused(code)
        return
      }
    }
  }
}
