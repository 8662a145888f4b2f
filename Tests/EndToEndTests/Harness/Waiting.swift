// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Whether something accepts connections on 127.0.0.1 at `port`.
func accepts(port: Int) -> Bool {
  let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(probe) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  address.sin_port = UInt16(port).bigEndian
  return unsafe withUnsafePointer(to: address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
      unsafe connect(probe, raw, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}

/// A folder for one test, removed by whoever made it.
func temporaryFolder(_ name: String) throws -> URL {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "metaflow-\(name)-\(UUID().uuidString.prefix(8))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}
