// SPDX-License-Identifier: Apache-2.0

/// Where a function of Go has its stack frame: at each instruction, how far the stack pointer is from
/// where it was at the function's beginning (`pcsp`, src/runtime/symtab.go, `step`).
struct GoStack {
  /// Instructions, by their distance to the function's beginning, at which there is no frame.
  private(set) var frameless: [Range<Int>] = []
  private(set) var length: UInt64 = 0

  /// - Parameter instructionBytes: what distances are counted in.
  init(_ bytes: [UInt8], instructionBytes: Int) {
    var place = 0
    var depth: Int64 = -1
    var end = 0
    while let change = Self.number(bytes, &place), change != 0 || end == 0,
      let distance = Self.number(bytes, &place), distance < 1 << 24, end < 1 << 24
    {
      depth &+= Int64(change >> 1) ^ -Int64(change & 1)
      let next = end + Int(distance) * instructionBytes
      if depth == 0 { frameless.append(end..<next) }
      end = next
    }
    length = UInt64(end)
  }

  /// A number of seven bits a byte, the least significant first.
  private static func number(_ bytes: [UInt8], _ place: inout Int) -> UInt32? {
    var value: UInt32 = 0
    for shift in stride(from: 0, to: 35, by: 7) {
      guard place < bytes.count else { return nil }
      let byte = bytes[place]
      place += 1
      value |= UInt32(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}

/// Where in its file a function of Go can be probed.
struct GoFunction: Equatable {
  /// An instruction of its beginning at which its parameters are still in their registers.
  let entry: UInt64
  /// Its return instructions. Go moves stacks, so the address that a function returns to must not be
  /// changed, as a return probe would.
  let returns: [UInt64]

  /// nil when the code is not of a function with that frame.
  ///
  /// A function gives its frame back right before it returns, so return instructions are known by
  /// where there is no frame: nothing needs to be disassembled.
  init?(_ code: [UInt8], _ stack: GoStack, at offset: UInt64) {
    guard UInt64(code.count) == stack.length, let entry = Self.entry(code) else { return nil }
    var returns: [UInt64] = []
    for range in stack.frameless where range.lowerBound > 0 && range.upperBound <= code.count {
      // A place that a line was moved away from is kept by an instruction that does nothing.
      let place = range.first { !Self.isEmpty(code, $0) }
      if let place, Self.isReturn(code, place) { returns.append(offset + UInt64(place)) }
    }
    guard !returns.isEmpty else { return nil }
    self.entry = offset + UInt64(entry)
    self.returns = returns
  }

  #if arch(arm64)
    static let instructionBytes: UInt8 = 4

    /// Every function that may need more stack begins with a look at its goroutine (R28).
    private static func entry(_ code: [UInt8]) -> Int? {
      code.starts(with: [0x90, 0x0b, 0x40, 0xf9]) ? 0 : nil
    }

    private static func isEmpty(_ code: [UInt8], _ place: Int) -> Bool {
      place % 4 != 0 || code[place...].starts(with: [0x1f, 0x20, 0x03, 0xd5])
    }

    private static func isReturn(_ code: [UInt8], _ place: Int) -> Bool {
      code[place...].starts(with: [0xc0, 0x03, 0x5f, 0xd6])
    }
  #else
    static let instructionBytes: UInt8 = 1

    /// Every function that may need more stack compares its stack with its goroutine's (R14), and then
    /// jumps: an instruction that the kernel runs itself, where others are stepped over in the program
    /// at a multiple of the cost.
    private static func entry(_ code: [UInt8]) -> Int? {
      let compare: Int
      if code.starts(with: [0x49, 0x3b, 0x66, 0x10]) {
        compare = 4
      } else if code.starts(with: [0x4c, 0x8d, 0x64, 0x24]), isCompare(code, 5) {
        compare = 9
      } else if code.starts(with: [0x4c, 0x8d, 0xa4, 0x24]), isCompare(code, 8) {
        compare = 12
      } else {
        return nil
      }
      let jump = code.dropFirst(compare)
      return jump.starts(with: [0x0f, 0x86]) || jump.starts(with: [0x76]) ? compare : nil
    }

    private static func isCompare(_ code: [UInt8], _ place: Int) -> Bool {
      code.dropFirst(place).starts(with: [0x4d, 0x3b, 0x66, 0x10])
    }

    private static func isEmpty(_ code: [UInt8], _ place: Int) -> Bool { code[place] == 0x90 }
    private static func isReturn(_ code: [UInt8], _ place: Int) -> Bool { code[place] == 0xc3 }
  #endif
}
