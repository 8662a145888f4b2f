// SPDX-License-Identifier: Apache-2.0

import Glibc
import Telemetry
import Testing

@testable import Capture

/// What /proc says, read as the kernel writes it and as nobody should.
@Suite struct HostTests {
  @Test func aThreadNameMayHoldParentheses() throws {
    let fields = (3...40).map(String.init).joined(separator: " ")
    let stat = try #require(ProcessStat("42 (a) b (c)) S \(fields)"))
    #expect(stat.kernelName == "a) b (c)")
    #expect(stat.parent == 3)
    #expect(stat.startTicks == 21)
  }

  @Test(arguments: [
    "", "1", "1 (", "1 )(", "1 (x) S 1 2 3", "1 (x) S -1 " + String(repeating: "x ", count: 30),
  ])
  func aBrokenStatIsRefused(text: String) {
    #expect(ProcessStat(text) == nil)
  }

  private static let id = String(repeating: "0123456789abcdef", count: 4)

  @Test(arguments: [
    ("0::/system.slice/docker-\(id).scope\n", id),
    ("12:cpu:/kubepods/burstable/pod1-2/\(id)\n0::/\n", id),
    ("0::/kubepods.slice/cri-containerd-\(id).scope/init", id),
    ("0::/user.slice\n", ""),
    ("0::/\(id)0\n", ""),
    ("", ""),
  ])
  func aContainerIsFoundInItsControlGroup(text: String, expected: String) {
    #expect(ContainerID.find(in: text) == expected)
  }

  @Test func aCommandLineIsCutBetweenCharacters() {
    #expect(ProcessReader.commandLine(["a", "b c", ""]) == "a b c ")
    let long = ProcessReader.commandLine(["x", String(repeating: "ä", count: 2_000)])
    #expect(long.utf8.count <= 1_024 && long.utf8.count > 1_020)
    #expect(long.allSatisfy { $0 == "x" || $0 == " " || $0 == "ä" })
  }

  @Test func argumentsEndWithTheLastZero() {
    #expect(ProcessReader.arguments(Array("a\0b c\0\0d\0".utf8)) == ["a", "b c", "", "d"])
    #expect(ProcessReader.arguments([]) == [])
    #expect(ProcessReader.arguments([0xff, 0]) == ["\u{fffd}"])
  }

  @Test func thisProcessIsRead() throws {
    let reader = ProcessReader()
    let own = try reader.report(of: UInt32(getpid()))
    #expect(own.parentPID == UInt32(getppid()) && own.userID == getuid())
    #expect(own.networkNamespace != 0 && !own.executable.isEmpty)
    #expect(own.startTime.nanoseconds > HostReader.report().bootTime.nanoseconds)
    #expect(reader.report(of: own.key) == own)
    #expect(try reader.all().contains { $0.key == own.key })
  }

  /// A pid is given again; a key is not.
  @Test func anotherProcessWithTheSamePidIsNotTheSame() throws {
    let reader = ProcessReader()
    var key = try reader.report(of: UInt32(getpid())).key
    key.startedAfterBoot += 10
    #expect(reader.report(of: key) == nil)
    #expect(throws: SystemError.self) { try reader.report(of: .max) }
  }

  @Test func thisHostIsRead() throws {
    let host = HostReader.report()
    #expect(!host.hostname.isEmpty && !host.kernelRelease.isEmpty && !host.bootID.isEmpty)
    #expect(host.memoryBytes > 1 << 20 && host.processors > 0)
    let loopback = try #require(host.addresses.first { $0.address == IPAddress(v4: 0x7f00_0001) })
    #expect(loopback.interface == "lo" && loopback.prefixLength == 8)
  }

  @Test func whatTheAgentUsesIsKnown() throws {
    let usage = try SelfUsage.now()
    #expect(usage.processorNanoseconds > 0)
    #expect(usage.privateBytes > 0 && usage.residentBytes >= usage.privateBytes)
  }

  @Test func missingCapabilitiesAreNamed() {
    let status = "Name:\tx\nCapEff:\t0000000000080000\n"
    let effective = HostCapabilities.effectiveCapabilities(status)
    #expect(effective == 1 << 19)
    let missing = HostCapabilities.missing(in: effective).map(\.name)
    #expect(
      missing == ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN"])
    #expect(HostCapabilities.missing(in: 1 << 21 | 1 << 12 | 1 << 13 | 1 << 19).isEmpty)
  }

  /// The ring's size is a power of two and a page at least, whatever was asked for, and so is a
  /// lane's, which must hold the largest record; together they take what was asked for at most.
  @Test(
    arguments: [
      (0, 4_096), (4_096, 4_096), (8_191, 4_096), (1 << 20, 1 << 20), (.max, 1 << 20),
    ] as [(UInt32, UInt32)])
  func ringAndLanesHaveSizesThatWork(asked: UInt32, size: UInt32) {
    var options = ProbeOptions()
    options.ringBytes = asked
    #expect(options.ringSize == size)
    #expect(options.laneSize >= 32_768 && options.laneSize.nonzeroBitCount == 1)
    #expect(options.wakeSize <= options.laneSize && options.wakeSize.nonzeroBitCount == 1)
    let lanes = Int(options.laneSize) * options.laneCount
    #expect(lanes <= max(Int(asked), 32_768 * options.laneCount) && lanes <= 1 << 30)
  }
}
