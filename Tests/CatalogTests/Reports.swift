// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry

/// A host as an agent reports it; only what a test is about is an argument.
func hostReport(
  _ name: String, boot: String = "boot-1", addresses: [String] = ["10.0.0.1"]
) -> HostReport {
  HostReport(
    hostname: name, machineID: "machine-" + name, bootID: boot,
    bootTime: Timestamp(seconds: 1_700_000_000), kernelRelease: "6.1.0",
    operatingSystem: "Debian GNU/Linux 12 (bookworm)", architecture: "x86_64", processors: 2,
    memoryBytes: 1 << 34,
    addresses: addresses.map {
      HostReport.Address(
        interface: "eth0", address: IPAddress($0) ?? .unspecified, prefixLength: 24)
    })
}

func key(_ pid: UInt32) -> ProcessKey { ProcessKey(pid: pid, startedAfterBoot: 1_000) }

func processReport(
  _ pid: UInt32, _ name: String, command: String? = nil, container: String = "", user: UInt32 = 0,
  namespace: UInt32 = 1
) -> ProcessReport {
  ProcessReport(
    key: key(pid), parentPID: 1, startTime: Timestamp(seconds: 1_700_000_100), name: name,
    kernelName: String(name.prefix(15)), commandLine: command ?? "/usr/bin/" + name,
    executable: "/usr/bin/" + name, userID: user, networkNamespace: namespace,
    containerID: container)
}

func end(_ address: String, _ port: UInt16 = 0, pid: UInt32 = 0) -> CallEnd {
  CallEnd(
    address: IPAddress(address) ?? .unspecified, port: port,
    process: pid == 0 ? .unknown : key(pid))
}
