// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Telemetry

/// Reads what this host is.
package enum HostReader {
  /// The host's facts as they are now. What cannot be read is left empty.
  package static func report() -> HostReport {
    var name = utsname()
    unsafe uname(&name)
    let osRelease = (try? HostFile.text("/etc/os-release")) ?? ""
    return HostReport(
      hostname: text(of: &name.nodename), machineID: line("/etc/machine-id"),
      bootID: line("/proc/sys/kernel/random/boot_id"),
      bootTime: KernelClock(CLOCK_BOOTTIME).timestamp(0),
      kernelRelease: text(of: &name.release),
      operatingSystem: field("PRETTY_NAME", of: osRelease) ?? "Linux",
      architecture: text(of: &name.machine),
      processors: UInt32(max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))),
      memoryBytes: memory((try? HostFile.text("/proc/meminfo")) ?? ""), addresses: addresses())
  }

  /// One fixed C array of text as the kernel filled it.
  static func text<Characters>(of characters: inout Characters) -> String {
    unsafe withUnsafeBytes(of: &characters) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private static func line(_ path: String) -> String {
    let text = (try? HostFile.text(path, limit: 4_096)) ?? ""
    return String(text.prefix { $0 != "\n" })
  }

  /// A value of os-release(5), its quotes taken off.
  static func field(_ name: String, of text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix(name + "=") {
      return line.dropFirst(name.count + 1).filter { $0 != "\"" }
    }
    return nil
  }

  /// MemTotal of /proc/meminfo in bytes; 0 when it does not say.
  static func memory(_ text: String) -> UInt64 {
    for line in text.split(separator: "\n") where line.hasPrefix("MemTotal:") {
      let fields = line.split(separator: " ")
      return fields.count > 1 ? (UInt64(fields[1]) ?? 0) &* 1_024 : 0
    }
    return 0
  }

  /// Every IPv4 and IPv6 address of the namespace this process runs in.
  private static func addresses() -> [HostReport.Address] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&first) == 0 else { return [] }
    defer { unsafe freeifaddrs(first) }
    var found: [HostReport.Address] = []
    var next = unsafe first
    while let entry = unsafe next {
      unsafe next = unsafe entry.pointee.ifa_next
      guard let address = unsafe address(entry.pointee.ifa_addr) else { continue }
      let mask = unsafe self.address(entry.pointee.ifa_netmask)
      let bits = mask.map {
        $0.isV4 ? $0.v4.nonzeroBitCount : $0.high.nonzeroBitCount + $0.low.nonzeroBitCount
      }
      found.append(
        HostReport.Address(
          interface: unsafe String(cString: entry.pointee.ifa_name), address: address,
          prefixLength: UInt8(clamping: bits ?? 0)))
    }
    return found
  }

  private static func address(_ pointer: UnsafeMutablePointer<sockaddr>?) -> IPAddress? {
    guard let pointer = unsafe pointer else { return nil }
    let raw = UnsafeRawPointer(pointer)
    switch unsafe CInt(pointer.pointee.sa_family) {
    case AF_INET:
      let v4 = unsafe raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
      return IPAddress(v4: UInt32(bigEndian: v4))
    case AF_INET6:
      let high = unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      let low = unsafe raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
      return IPAddress(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    default: return nil
    }
  }
}
