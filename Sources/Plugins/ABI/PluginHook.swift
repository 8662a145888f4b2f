// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry

/// A plugin that looks at messages of other protocols.
struct PluginHook: MessageHook {
  private let slot: PluginSlot
  let protocols: [String]
  let payload: Int
  let headers: [[UInt8]]

  /// Nil when the plugin is something else.
  ///
  /// - Parameter allowed: bytes of a message that the settings let it see.
  init?(_ slot: PluginSlot, allowed: Int) {
    guard case .hook(let hook) = slot.manifest.kind else { return nil }
    self.slot = slot
    protocols = hook.protocols
    payload = min(hook.payload, allowed)
    headers = hook.headers.map { Array($0.utf8) }
  }

  var name: String { slot.manifest.name }

  func amend(
    _ desk: inout Desk, of number: ApplicationProtocol, from side: Side, bytes: Span<UInt8>,
    head: borrowing MessageHead
  ) {
    let plugin = slot.plugin
    guard var seat = plugin.module.borrow() else { return }
    let shown = bytes.extracting(first: min(bytes.count, seat.payloadRoom))
    var image = image(of: desk.message, number, side, shown.count, bytes.count)
    var texts = TextRoom(seat)
    var known = InlineArray<15, UInt32>(repeating: 0)
    let own = desk.message.texts.ordered
    var isLaid = true
    for index in 0..<CallTexts.count where own[index].length > 0 {
      let range = Int(own[index].offset)..<Int(own[index].offset) + Int(own[index].length)
      isLaid =
        isLaid
        && texts.lay(
          desk.fields.bytes.clipped(range), DeskImage.Output.texts + 8 * index, &image, seat)
      known[index] = image.number32(DeskImage.Output.texts + 8 * index)
    }
    var value = InlineArray<1_024, UInt8>(repeating: 0)
    for (index, name) in plugin.headers.enumerated() {
      guard let count = head.copy(name, of: desk, to: &value) else { continue }
      isLaid =
        isLaid
        && texts.lay(
          value.span.extracting(first: count), DeskImage.Output.headers + 8 * index, &image, seat)
    }
    guard isLaid else { return seat.blame("the room for texts does not lie in its memory") }
    guard seat.lay(image, shown), let answer = seat.call(.message) else { return }
    guard answer != 0, seat.take(&image) else { return }
    take(image, besides: known, &seat, on: &desk)
  }

  private func image(
    of message: borrowing Message, _ number: ApplicationProtocol, _ side: Side, _ shown: Int,
    _ total: Int
  ) -> DeskImage {
    var image = DeskImage()
    image.put(UInt32(shown), DeskImage.Input.payloadCount)
    image.put(UInt32(clamping: total), DeskImage.Input.payloadTotal)
    image.put(side.rawValue, DeskImage.Input.side)
    image.put(message.kind.rawValue, DeskImage.Input.kind)
    image.put(number.rawValue, DeskImage.Input.applicationProtocol)
    image.put(message.status.rawValue, DeskImage.Input.status)
    image.put(UInt64(bitPattern: message.code.map(Int64.init) ?? .min), DeskImage.Input.code)
    return image
  }

  /// All or nothing: a message is changed when everything that the plugin said of it means something.
  private func take(
    _ image: DeskImage, besides known: InlineArray<15, UInt32>, _ seat: inout SandboxSeat,
    on desk: inout Desk
  ) {
    let before = desk.message
    let mark = desk.fields.mark
    guard let status = image.status, image.takeTexts(from: seat, besides: known, on: &desk) else {
      desk.message = before
      desk.fields.cut(to: mark)
      return seat.blame("metaflow_message gave what means nothing, or no place in its memory")
    }
    if image.has(DeskImage.Given.status) {
      desk.message.status = status
      desk.message.isEndSeen = true
    }
    if image.has(DeskImage.Given.code) { desk.message.code = image.code }
    if image.has(DeskImage.Given.requestID) {
      desk.message.requestID = image.number64(DeskImage.Output.requestID)
    }
  }
}

/// Where texts are laid in a plugin's memory, one behind the other; what finds no room is left out.
private struct TextRoom {
  private var next: UInt32
  private var left: Int

  init(_ seat: borrowing SandboxSeat) {
    next = seat.texts
    left = seat.textsRoom
  }

  mutating func lay(
    _ text: Span<UInt8>, _ place: Int, _ image: inout DeskImage, _ seat: borrowing SandboxSeat
  ) -> Bool {
    guard !text.isEmpty, text.count <= left else { return true }
    guard seat.write(text, at: next) else { return false }
    image.put(at: next, count: text.count, place)
    next &+= UInt32(text.count)
    left -= text.count
    return true
  }
}
