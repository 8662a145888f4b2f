// SPDX-License-Identifier: Apache-2.0

import Bytes
package import Protocols
package import Telemetry

/// A protocol that a plugin reads, like any other.
package struct PluginProtocol: ProtocolKind {
  package let descriptor: ProtocolDescriptor
  private let begins: Openings
  private let slot: PluginSlot

  /// Nil when the plugin is something else.
  package init?(_ slot: PluginSlot) {
    guard case .protocol(let descriptor, let openings) = slot.manifest.kind else { return nil }
    self.descriptor = descriptor
    begins = openings
    self.slot = slot
  }

  package func openings(on transport: TransportProtocol) -> Openings { begins }

  package func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    guard var seat = slot.plugin.module.borrow() else { return .no }
    let payload = bytes.extracting(first: min(bytes.count, seat.payloadRoom))
    var image = DeskImage()
    image.put(UInt32(payload.count), DeskImage.Input.payloadCount)
    image.put(UInt32(clamping: bytes.count), DeskImage.Input.payloadTotal)
    image.put(context.transport.rawValue, DeskImage.Input.transport)
    image.put(context.side?.rawValue ?? 2, DeskImage.Input.side)
    image.put(context.serverPort, DeskImage.Input.serverPort)
    if context.isTruncated { image.put(UInt8(4), DeskImage.Input.flags) }
    guard seat.lay(image, payload), let answer = seat.call(.recognize) else { return .no }
    switch answer {
    case 0: return .no
    case 1: return .undecided
    case 2: return .yes(sentBy: nil)
    case 3: return .yes(sentBy: .client)
    case 4: return .yes(sentBy: .server)
    default:
      seat.blame("metaflow_recognize gave a number that means nothing")
      return .no
    }
  }

  package func makeParser(_ context: ConversationContext) -> any ProtocolParser {
    PluginParser(slot.plugin, context)
  }
}

extension SandboxSeat {
  /// Writes what a plugin is told; false, and a fault, when that is not possible.
  mutating func lay(_ image: DeskImage, _ payload: Span<UInt8>) -> Bool {
    guard write(image.written, at: desk &+ UInt32(DeskImage.front)),
      write(payload, at: self.payload)
    else {
      blame("its desk does not lie in its memory")
      return false
    }
    return true
  }

  /// Reads what it answered.
  mutating func take(_ image: inout DeskImage) -> Bool {
    var room = image.room
    guard read(&room, first: DeskImage.size, at: desk) else {
      blame("its desk does not lie in its memory")
      return false
    }
    return true
  }
}
