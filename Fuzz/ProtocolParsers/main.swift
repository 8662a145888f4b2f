// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

// Coverage-guided fuzzing of every registered parser. An input is a conversation: one byte chooses the
// parser, then come turns of a control byte (1: server, 2: final, 4: bytes were lost before, 8: earlier
// requests are over), a length of two bytes, the higher first, and that many bytes. A trap or a broken promise ends the run and
// leaves the input.

/// libFuzzer's entry, compiler-rt/lib/fuzzer/FuzzerDriver.cpp.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Holds the conversation that `input` describes.
private func hold(_ input: Span<UInt8>) {
  guard input.count > 0 else { return }
  let kind = builtInProtocols[Int(input[0]) % builtInProtocols.count]
  converse(kind, input.extracting(droppingFirst: 1))
}

private func converse(_ kind: any ProtocolKind, _ input: Span<UInt8>) {
  // The length says the transport, as nothing else here does.
  let transports = kind.descriptor.transports
  var parser = kind.makeParser(
    ConversationContext(transport: transports[input.count % transports.count]))
  var fields = FieldBuffer()
  var pending: [[UInt8]] = [[], []]
  var position = 0
  while position + 3 <= input.count {
    let control = input[position]
    let start = position + 3
    let length = Int(input[position + 1]) << 8 | Int(input[position + 2])
    let end = min(start + length, input.count)
    position = end
    let side: Side = control & 1 == 0 ? .client : .server
    let index = Int(side.rawValue)
    let isFinal = control & 2 != 0
    if control & 4 != 0 {
      pending[index] = []
      parser.bytesWereLost(from: side)
    }
    if control & 8 != 0 { parser.earlierRequestsAreOver() }
    let turn = input.extracting(start..<end)
    for transport in kind.descriptor.transports {
      let context = RecognitionContext(
        transport: transport, side: side, serverPort: 0, isTruncated: isFinal)
      _ = kind.recognize(turn, context: context)
    }
    for offset in turn.indices { pending[index].append(turn[offset]) }
    guard read(&parser, &pending[index], from: side, isFinal: isFinal, &fields) else { return }
  }
}

/// Reads what `bytes` hold; false when the parser gave the conversation up.
private func read(
  _ parser: inout any ProtocolParser, _ bytes: inout [UInt8], from side: Side, isFinal: Bool,
  _ fields: inout FieldBuffer
) -> Bool {
  var message = Message(.session)
  while !bytes.isEmpty {
    fields.removeAll()
    let step: ParseStep
    do throws(ParseError) {
      step = try parser.nextMessage(
        in: StreamView(bytes.span, isFinal: isFinal), from: side, into: &message,
        fields: &fields)
    } catch {
      precondition((0...bytes.count).contains(error.offset), "an error lies in the view")
      return false
    }
    switch step {
    case .needMore, .needBytes:
      precondition(!isFinal, "nothing follows a final view")
      return true
    case .skip(let count):
      drop(count, &bytes)
    case .body(let count, let isLast):
      precondition(!isLast || count <= bytes.count, "a body's end lies in the view")
      drop(count, &bytes)
    case .end(let count):
      precondition(count <= bytes.count, "an end lies in the view")
      check(message, fields)
      drop(count, &bytes)
    case .message(let length):
      check(message, fields)
      switch length {
      case .bytes(let count): drop(count, &bytes)
      case .head(let count):
        precondition(count <= bytes.count, "a head lies in the view")
        drop(count, &bytes)
      case .nothing: continue
      case .untilTurn:
        bytes.removeAll()
        return true
      }
    }
  }
  return true
}

private func drop(_ count: Int, _ bytes: inout [UInt8]) {
  precondition(count >= 1 && count <= Int.max / 2, "a step moves forward, by a sane amount")
  bytes.removeFirst(min(count, bytes.count))
}

private func check(_ message: Message, _ fields: FieldBuffer) {
  precondition(fields.count <= FieldBuffer.capacity, "the texts of a message are bounded")
  var texts = message.texts
  texts.update { text in
    precondition(
      Int(text.length) <= FieldBuffer.textLimit
        && Int(text.offset) + Int(text.length) <= fields.count,
      "a text lies in the fields")
  }
}

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let code = unsafe runDriver(&count, &arguments) { bytes, size in
  let input = unsafe UnsafeBufferPointer(start: bytes, count: size)
  unsafe hold(input.span)
  return 0
}
