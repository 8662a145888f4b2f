// SPDX-License-Identifier: Apache-2.0

/// What an agent says of the host it runs on. Sent with the first batch and when it changes.
package struct HostReport: Hashable, Sendable {
  /// One address of one interface of the host's own network namespace.
  package struct Address: Hashable, Sendable {
    package var interface: String
    package var address: IPAddress
    package var prefixLength: UInt8

    package init(interface: String, address: IPAddress, prefixLength: UInt8) {
      self.interface = interface
      self.address = address
      self.prefixLength = prefixLength
    }
  }

  package var hostname: String
  /// `/etc/machine-id`; empty where there is none.
  package var machineID: String
  /// `/proc/sys/kernel/random/boot_id`.
  package var bootID: String
  package var bootTime: Timestamp
  package var kernelRelease: String
  /// `PRETTY_NAME` of os-release.
  package var operatingSystem: String
  /// `uname -m`.
  package var architecture: String
  package var processors: UInt32
  package var memoryBytes: UInt64
  package var addresses: [Address]

  package init(
    hostname: String, machineID: String, bootID: String, bootTime: Timestamp,
    kernelRelease: String, operatingSystem: String, architecture: String, processors: UInt32,
    memoryBytes: UInt64, addresses: [Address]
  ) {
    self.hostname = hostname
    self.machineID = machineID
    self.bootID = bootID
    self.bootTime = bootTime
    self.kernelRelease = kernelRelease
    self.operatingSystem = operatingSystem
    self.architecture = architecture
    self.processors = processors
    self.memoryBytes = memoryBytes
    self.addresses = addresses
  }
}
