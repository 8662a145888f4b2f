// SPDX-License-Identifier: Apache-2.0

/// Memory in which header blocks are decoded: one for all conversations, used again and again.
struct HeaderRoom: Sendable {
  /// Values that were asked for.
  var texts: [UInt8] = []
  /// A name or value in the making.
  var scratch: [UInt8] = []
  /// A block that came in several frames.
  var block: [UInt8] = []
}
