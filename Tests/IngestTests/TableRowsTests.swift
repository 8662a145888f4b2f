// SPDX-License-Identifier: Apache-2.0

import Storage
import Telemetry
import Testing

@testable import Ingest

/// Values find their columns by the order in which they come.
@Suite struct TableRowsTests {
  private static func put(_ names: [StaticString], in rows: inout TableRows) {
    for name in names { rows.put(name, 1 as UInt64) }
    rows.endRow()
  }

  @Test func theOrderNeedNotBeTheDeclarations() {
    var rows = TableRows(.lossLedger)
    for _ in 0..<3 { Self.put(["passed", "dropped", "received"], in: &rows) }
    #expect(rows.batch.column("received") == 5)
  }

  /// Two values of one width that change places would be stored, each as the other.
  @Test func anotherOrderInALaterRowEndsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      var rows = TableRows(.lossLedger)
      Self.put(["received", "passed", "dropped"], in: &rows)
      Self.put(["received", "dropped", "passed"], in: &rows)
    }
  }

  @Test func aMissingValueEndsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      var rows = TableRows(.lossLedger)
      Self.put(["received", "passed", "dropped"], in: &rows)
      Self.put(["received", "passed"], in: &rows)
    }
  }
}
