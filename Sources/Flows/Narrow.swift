// SPDX-License-Identifier: Apache-2.0

/// A number or count in half the room of an `Int`, for what there are many of.
///
/// Holds 0 up to 2^32 - 2, and `Int.max`, which stands for none. A count that would be higher stays
/// there.
@propertyWrapper
struct Narrow: BitwiseCopyable {
  private var stored: UInt32

  @inline(__always)
  init(wrappedValue: Int) {
    stored = UInt32(clamping: wrappedValue)
  }

  var wrappedValue: Int {
    @inline(__always)
    get { stored == .max ? .max : Int(stored) }
    @inline(__always)
    set { stored = newValue == .max ? .max : UInt32(clamping: min(newValue, 0xffff_fffe)) }
  }
}
