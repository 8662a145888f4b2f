// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@Suite struct ByteReaderTests {
  @Test func integersAreBigEndianUnlessTheNameSaysOtherwise() throws {
    let bytes: [UInt8] = [0x01, 0x02, 0x03, 0x04]
    var reader = ByteReader(bytes.span)
    let big = try reader.read(UInt16.self)
    let little = try reader.readLittleEndian(UInt16.self)
    #expect(big == 0x0102)
    #expect(little == 0x0403)
    #expect(reader.remaining == 0)
  }

  /// A caller tries again when more bytes have arrived, so a failure must not eat any.
  @Test func aFailedReadMovesNothing() throws {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.span)
    var missing: Int?
    do throws(EndOfBytes) { _ = try reader.read(UInt32.self) } catch { missing = error.missing }
    #expect(missing == 1)
    #expect(reader.offset == 0)
    let first = try reader.read(UInt8.self)
    #expect(first == 1)
  }

  @Test(arguments: [-1, Int.min, 4, Int.max])
  func aCountThatIsNotThereIsRefused(count: Int) {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.span)
    var failures = 0
    do throws(EndOfBytes) { _ = try reader.read(count: count) } catch { failures += 1 }
    do throws(EndOfBytes) { try reader.skip(count) } catch { failures += 1 }
    #expect(failures == 2)
    #expect(reader.offset == 0)
  }
}
