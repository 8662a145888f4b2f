// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry

@testable import Catalog

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

/// Runs `body` with a directory of its own, which is gone afterwards.
func withDirectory(_ body: (URL) throws -> Void) throws {
  let directory = FileManager.default.temporaryDirectory
    .appendingPathComponent("catalog-\(UInt64.random(in: 0...UInt64.max))")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  try body(directory)
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

extension CatalogState {
  /// What is not written down yet of a tag set.
  func pendingSet(_ number: UInt32) -> TagSet? {
    for case .tagSet(let set) in pending.reversed() where set.number == number { return set }
    return nil
  }

  func pendingVersion(_ number: UInt32) -> ResourceVersion? {
    for case .resource(let version) in pending.reversed() where version.number == number {
      return version
    }
    return nil
  }

  /// The value of a tag in a tag set; empty where it has none.
  func value(of name: String, in number: UInt32) -> String {
    guard let tag = TagDeclaration.builtIn.first(where: { $0.name == name }),
      case .resource(let value) = tag.source, let set = pendingSet(number),
      let content = pendingVersion(set.members.number(value.member))?.content
    else { return "" }
    switch value.property {
    case TagDeclaration.ResourceValue.name: return content.name
    case TagDeclaration.ResourceValue.instance: return content.instance
    default: return content.attributes.first { $0.name == value.property }?.value ?? ""
    }
  }
}

extension TagSet.Members {
  /// By the name of the column in the store.
  func number(_ column: String) -> UInt32 {
    switch column {
    case "auto_service": autoService
    case "auto_instance": autoInstance
    case "host": host
    case "process": process
    case "container": container
    case "pod": pod
    case "pod_group": workload
    case "pod_ns": namespace
    case "pod_node": node
    case "pod_service": service
    case "pod_ingress": ingress
    case "pod_cluster": cluster
    case "az": availabilityZone
    case "region": region
    case "subnet": subnet
    default: 0
    }
  }
}
