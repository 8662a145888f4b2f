// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The dynamic table of one direction, RFC 7541 section 2.3.2: fields by how many were added after them.
///
/// What is known is always the newest fields without a gap, so that their numbers are right whatever is
/// missing behind them: what was added before the conversation was seen, or had to go for a bound of ours.
/// A field that nobody wants has its place and no bytes.
struct HPACKTable: Sendable {
  /// The size up to which a table is followed, in the octets of RFC 7541 section 4.1; peers may agree on
  /// more.
  static let sizeLimit = 65_536
  /// Fields, and bytes of the values among them that are wanted.
  static let fieldLimit = 256
  static let valueLimit = 4_096
  /// The size before anybody says another.
  static let usualSize = 4_096

  struct Field: Sendable {
    /// What the sink said of the name; ``HPACKDecoder/unknownName`` when that was not seen.
    var kind: UInt8
    var hasValue: Bool
    var nameCount: Int32
    var size: Int32
    var start: Int32
    var count: Int32
  }

  /// A ring: the newest is at `newest`, the one before it behind that.
  private var fields: [Field] = []
  private var newest = 0
  private(set) var count = 0
  /// Values, the oldest first; those before `kept` are of fields that have gone.
  private var values: [UInt8] = []
  private var kept = 0

  private var size = 0
  /// What the peers agreed on, or ours if that is less or was not seen.
  private var capacity = HPACKTable.sizeLimit
  private var isCapacityTheirs = false
  /// Whether there may be fields behind the known ones.
  private(set) var hasOlder = true

  /// Bytes it holds.
  var footprint: Int { fields.capacity * MemoryLayout<Field>.stride + values.capacity }

  /// The direction begins here: the table is empty.
  mutating func begin() {
    removeAll()
    capacity = Self.usualSize
    isCapacityTheirs = true
    hasOlder = false
  }

  /// Nothing is known of it any more.
  mutating func forget() {
    removeAll()
    capacity = Self.sizeLimit
    isCapacityTheirs = false
    hasOlder = true
  }

  private mutating func removeAll() {
    count = 0
    size = 0
    values.removeAll(keepingCapacity: true)
    kept = 0
  }

  /// The field that `age` others were added after; nil when it is not known.
  func field(_ age: Int) -> Field? {
    guard age >= 0, age < count else { return nil }
    return fields[(newest + age) & (fields.count - 1)]
  }

  /// The value of a field of this table that has one.
  @_lifetime(borrow self)
  func value(_ field: Field) -> Span<UInt8> {
    values.span.clipped(from: Int(field.start), to: Int(field.start) + Int(field.count))
  }

  /// The encoder says how large the table is from here on, RFC 7541 section 6.3.
  mutating func resize(_ size: Int) {
    isCapacityTheirs = size <= Self.sizeLimit
    capacity = min(size, Self.sizeLimit)
    while self.size > capacity { dropOldest() }
    // Nothing is left of what was not seen, either.
    if size == 0 { hasOlder = false }
  }

  /// Adds a field, `whole` bytes of value in full, which `value` holds where it `isKept`.
  mutating func add(
    kind: UInt8, nameCount: Int, value: Span<UInt8>, isKept: Bool, whole: Int
  ) {
    let size = nameCount + whole + 32
    guard size <= capacity else {
      // Too large for the table, it empties it.
      removeAll()
      hasOlder = !isCapacityTheirs
      return
    }
    while self.size + size > capacity {
      dropOldest()
      if !isCapacityTheirs { hasOlder = true }
    }
    let length = isKept ? value.count : 0
    while count > 0, count >= Self.fieldLimit || values.count - kept + length > Self.valueLimit {
      dropOldest()
      hasOlder = true
    }
    makeRoom(for: length)
    let start = values.count
    for index in 0..<length { values.append(value[index]) }
    if count == fields.count { grow() }
    newest = (newest + fields.count - 1) & (fields.count - 1)
    fields[newest] = Field(
      kind: kind, hasValue: isKept, nameCount: Int32(nameCount), size: Int32(size),
      start: Int32(start), count: Int32(length))
    count += 1
    self.size += size
  }

  private mutating func dropOldest() {
    guard let oldest = field(count - 1) else { return size = 0 }
    count -= 1
    size -= Int(oldest.size)
    if oldest.count > 0 { kept = Int(oldest.start) + Int(oldest.count) }
  }

  /// Moves the values to the front when there are twice as many bytes as may be in use.
  private mutating func makeRoom(for length: Int) {
    guard kept > 0, values.count + length > 2 * Self.valueLimit else { return }
    values.removeFirst(kept)
    for age in 0..<count {
      let place = (newest + age) & (fields.count - 1)
      fields[place].start = max(0, fields[place].start - Int32(kept))
    }
    kept = 0
  }

  private mutating func grow() {
    let none = Field(kind: 0, hasValue: false, nameCount: 0, size: 0, start: 0, count: 0)
    var larger = [Field](repeating: none, count: max(16, fields.count * 2))
    for age in 0..<count { larger[age] = fields[(newest + age) & (fields.count - 1)] }
    fields = larger
    newest = 0
  }
}
