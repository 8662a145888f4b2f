// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// An interface that a capture file speaks of. Equal ones in consecutive files are the same.
package struct CaptureInterface: Hashable, Sendable {
  /// Nil where the file does not say it, as no pcap file does.
  package var name: String?
  package var linkType: LinkType
  /// How many with this name and link type stand before it in its section: what a program merged
  /// of two hosts may have `eth0` twice.
  package var ordinal = 0
}
