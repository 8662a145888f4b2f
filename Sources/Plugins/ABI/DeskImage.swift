// SPDX-License-Identifier: Apache-2.0

import CWasm

/// What host and plugin tell each other in one call, as it lies in the plugin's memory: little endian, at
/// the places of `docs/formats/plugin-abi.md`.
struct DeskImage {
  static let size = Int(MF_WASM_DESK_BYTES)
  /// The front is the plugin's own; the host writes from here on.
  static let front = 16
  /// Where a conversation's state begins, which goes both ways.
  static let state = 80
  static let stateSize = 64

  /// Places of fields.
  enum Input {
    static let payloadCount = 16
    static let payloadTotal = 20
    static let transport = 24
    static let side = 25
    static let serverPort = 26
    static let flags = 28
    static let lookUp = 29
    static let oldest = 30
    static let kind = 31
    static let waiting = 32
    static let applicationProtocol = 36
    static let status = 37
    static let lookUpID = 40
    static let lookUpNote = 48
    static let oldestNote = 56
    static let code = 64
  }

  enum Output {
    static let step = 144
    static let kind = 148
    static let count = 152
    static let exchange = 160
    static let requestID = 168
    static let note = 176
    static let length = 184
    static let code = 192
    static let given = 196
    static let status = 200
    static let flags = 204
    static let parts = 208
    static let attributeCount = 212
    static let affectedRows = 216
    static let texts = 224
    static let attributes = 344
    static let headers = 600
  }

  static let attributeLimit = 16
  static let headerLimit = 16

  private var bytes = InlineArray<728, UInt8>(repeating: 0)

  /// What the host writes.
  var written: Span<UInt8> {
    @_lifetime(borrow self)
    get { bytes.span.extracting(droppingFirst: Self.front) }
  }

  /// Everything, to be filled from the plugin's memory.
  var room: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get { bytes.mutableSpan }
  }

  func byte(_ place: Int) -> UInt8 { bytes.span[place] }

  func number32(_ place: Int) -> UInt32 {
    let span = bytes.span
    var number: UInt32 = 0
    for index in 0..<4 { number |= UInt32(span[place + index]) << UInt32(8 * index) }
    return number
  }

  func number64(_ place: Int) -> UInt64 {
    UInt64(number32(place)) | UInt64(number32(place + 4)) << 32
  }

  mutating func put(_ value: UInt8, _ place: Int) { bytes[place] = value }

  mutating func put(_ value: UInt16, _ place: Int) {
    bytes[place] = UInt8(truncatingIfNeeded: value)
    bytes[place + 1] = UInt8(truncatingIfNeeded: value >> 8)
  }

  mutating func put(_ value: UInt32, _ place: Int) {
    for index in 0..<4 {
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
    }
  }

  mutating func put(_ value: UInt64, _ place: Int) {
    put(UInt32(truncatingIfNeeded: value), place)
    put(UInt32(truncatingIfNeeded: value >> 32), place + 4)
  }

  /// A place in the plugin's memory and a length.
  func range(_ place: Int) -> (at: UInt32, count: UInt32) {
    (number32(place), number32(place + 4))
  }

  mutating func put(at: UInt32, count: Int, _ place: Int) {
    put(at, place)
    put(UInt32(truncatingIfNeeded: count), place + 4)
  }
}

/// 64 bytes that a plugin keeps of a conversation; the host holds them.
struct ConversationState {
  private var words = InlineArray<8, UInt64>(repeating: 0)

  func write(to image: inout DeskImage) {
    for index in 0..<8 { image.put(words[index], DeskImage.state + 8 * index) }
  }

  mutating func read(from image: DeskImage) {
    for index in 0..<8 { words[index] = image.number64(DeskImage.state + 8 * index) }
  }
}
