// SPDX-License-Identifier: Apache-2.0

/// How much of a protocol is left out.
package enum Suspension: String, Hashable, Sendable, CaseIterable {
  /// It is found, but not read.
  case reading
  /// It is not even looked for: what is on its default ports counts as its own.
  case recognition
}

extension Suspension {
  /// What stands in for `parser`: conversations that speak its protocol are counted as such, and no
  /// byte of them gets to the part that is left out.
  package func standIn(for parser: any ProtocolParser.Type) -> any ProtocolParser.Type {
    switch self {
    case .reading: standInForReading(parser)
    case .recognition: standInForAll(parser)
    }
  }
}

private func standInForReading<Parser: ProtocolParser>(
  _: Parser.Type
) -> any ProtocolParser.Type {
  UnreadProtocol<Parser>.self
}

private func standInForAll<Parser: ProtocolParser>(_: Parser.Type) -> any ProtocolParser.Type {
  UnaskedProtocol<Parser>.self
}

/// Recognised as `Parser`, never read.
private struct UnreadProtocol<Parser: ProtocolParser>: ProtocolParser {
  static var descriptor: ProtocolDescriptor { Parser.descriptor }
  static var isSuspended: Bool { true }

  static func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    Parser.recognize(bytes, context: context)
  }

  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, into message: inout Message,
    fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    .skip(max(1, view.bytes.count))
  }
}

/// Taken for `Parser` by its port alone.
private struct UnaskedProtocol<Parser: ProtocolParser>: ProtocolParser {
  static var descriptor: ProtocolDescriptor { Parser.descriptor }
  static var isSuspended: Bool { true }

  static func recognize(_ bytes: Span<UInt8>, context: RecognitionContext) -> Recognition {
    Parser.descriptor.defaultPorts.contains(context.serverPort) ? .yes(sentBy: nil) : .no
  }

  mutating func nextMessage(
    in view: borrowing StreamView, from side: Side, into message: inout Message,
    fields: inout FieldBuffer
  ) throws(ParseError) -> ParseStep {
    .skip(max(1, view.bytes.count))
  }
}
