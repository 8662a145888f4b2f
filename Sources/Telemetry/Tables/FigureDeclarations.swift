// SPDX-License-Identifier: Apache-2.0

/// Declares a column for every figure that it is shown.
struct FigureDeclarations: FigureVisitor {
  private(set) var columns: [ColumnDeclaration] = []
  private let type: ColumnType
  /// What `_tx` and `_rx` say behind the name of the thing.
  private let sent: String
  private let received: String

  /// - Parameter sides: whether the two sides are the client's and the server's, as in a log, or those
  ///   of whoever the row is about.
  init(_ type: ColumnType, ofClientAndServer sides: Bool = false) {
    self.type = type
    sent = sides ? "the client sent" : "sent"
    received = sides ? "the server sent" : "received"
  }

  mutating func figure(_ column: StaticString, _ value: UInt64, _ about: StaticString) {
    declare("\(column)", "\(about)")
  }

  mutating func level(_ column: StaticString, _ value: UInt64, _ about: StaticString) {
    declare("\(column)", "\(about)", .max)
  }

  mutating func sides(
    _ column: StaticString, _ sent: UInt64, _ received: UInt64, _ about: StaticString
  ) {
    declare("\(column)_tx", "\(about) \(self.sent).")
    declare("\(column)_rx", "\(about) \(self.received).")
  }

  mutating func latency(_ column: StaticString, _ samples: LatencySum) {
    declare("\(column)_sum", "Sum of \(column) samples, us.")
    declare("\(column)_count", "Samples in \(column)_sum.")
    declare("\(column)_max", "Longest of \(column), us.", .max)
  }

  private mutating func declare(_ name: String, _ about: String, _ fold: ColumnFold = .sum) {
    columns.append(ColumnDeclaration(name, type, codec: .transposed, fold: fold, about: about))
  }
}

extension TableDeclaration {
  /// The columns of the figures that `visit` shows of a record.
  static func figures<Record: Metered>(
    _ type: ColumnType, ofClientAndServer sides: Bool = false, of _: Record.Type,
    _ visit: (inout Record, inout FigureDeclarations) -> Void = { $0.visitFigures(&$1) }
  ) -> [ColumnDeclaration] {
    var record = Record.zero
    var declarations = FigureDeclarations(type, ofClientAndServer: sides)
    visit(&record, &declarations)
    return declarations.columns
  }
}
