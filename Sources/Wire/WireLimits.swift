// SPDX-License-Identifier: Apache-2.0

/// What a frame may cost its receiver. Checked before anything is allocated for it.
package enum WireLimits {
  /// Bytes of a frame after its length word, compressed or not.
  package static let frameBytes = 8 << 20
  /// The same of a frame that is no batch: a hello, an acknowledgement, a refusal. Only a server's
  /// answer to a hello may be longer, by the configuration in it.
  package static let controlFrameBytes = 64 << 10
  /// Bytes of a frame's body once decompressed.
  package static let bodyBytes = 32 << 20
  /// Calls of one batch; likewise metrics, flows, network metrics, and losses.
  package static let rows = 65_536
  /// Process reports of one batch; likewise ended processes.
  package static let processes = 16_384
  /// Addresses of a host report.
  package static let addresses = 4_096
  /// Bytes of one string in a hello or a report.
  package static let stringBytes = 4_096
  /// Bytes of a configuration text.
  package static let configurationBytes = 1 << 20
  /// Parents of a resource that is told; likewise attributes, addresses, ports and endpoints.
  package static let resourceParts = 16_384
  /// Protocols, or capabilities, of a hello.
  package static let announcements = 256
}
