// SPDX-License-Identifier: Apache-2.0

import CWasm
import FoundationEssentials

/// The library that runs modules. Loaded when the first plugin is: who has none does not need it.
enum SandboxLibrary {
  /// Loads what METAFLOW_WASM_LIBRARY names; else `wasm/libwasmtime.so` next to the program,
  /// `lib/metaflow/libwasmtime.so` next to its folder, or what is in `.bootstrap/` of a directory above it.
  static func load() throws(PluginError) {
    let path = try find()
    var fault = FaultText()
    guard unsafe fault.write({ unsafe mf_wasm_load(path, $0) }) != 0 else {
      throw PluginError("\(path) cannot be used: \(fault); 'make bootstrap' brings the right one")
    }
  }

  private static func find() throws(PluginError) -> String {
    let files = FileManager.default
    if let path = ProcessInfo.processInfo.environment["METAFLOW_WASM_LIBRARY"], !path.isEmpty {
      guard files.isReadableFile(atPath: path) else {
        throw PluginError("METAFLOW_WASM_LIBRARY names \(path), which cannot be read")
      }
      return path
    }
    var folder = (try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    var places: [String] = []
    for level in 0..<8 {
      guard let slash = folder.lastIndex(of: "/") else { break }
      folder = String(folder[..<slash])
      if level == 0 { places.append(folder + "/wasm/libwasmtime.so") }
      if level == 1 { places.append(folder + "/lib/metaflow/libwasmtime.so") }
      places.append(folder + "/.bootstrap/wasm/libwasmtime.so")
    }
    for place in places where files.isReadableFile(atPath: place) { return place }
    throw PluginError(
      "plugins need libwasmtime.so, and METAFLOW_WASM_LIBRARY does not name it, nor is it at "
        + places.prefix(3).joined(separator: ", ")
        + "; 'make bootstrap' brings it into .bootstrap/wasm")
  }
}

/// Why a plugin cannot be used: what, where, and what to do.
package struct PluginError: Error, Hashable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) {
    self.description = description
  }
}
