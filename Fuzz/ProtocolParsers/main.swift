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
  // The length says the transport, as nothing else here does.
  let transports = kind.descriptor.transports
  var driver = ParserDriver(kind, transport: transports[input.count % transports.count])
  var position = 1
  while position + 3 <= input.count {
    let control = input[position]
    let start = position + 3
    let length = Int(input[position + 1]) << 8 | Int(input[position + 2])
    let end = min(start + length, input.count)
    position = end
    let side: Side = control & 1 == 0 ? .client : .server
    let isFinal = control & 2 != 0
    if control & 4 != 0 { driver.lose(from: side) }
    if control & 8 != 0 { driver.forgetEarlierRequests() }
    let turn = input.extracting(start..<end)
    for transport in transports {
      let context = RecognitionContext(
        transport: transport, side: side, serverPort: 0, isTruncated: isFinal)
      _ = kind.recognize(turn, context: context)
    }
    var bytes: [UInt8] = []
    for index in turn.indices { bytes.append(turn[index]) }
    driver.feed(bytes, from: side, isFinal: isFinal)
    precondition(driver.violations.isEmpty, "\(driver.violations)")
  }
}

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let code = unsafe runDriver(&count, &arguments) { bytes, size in
  let input = unsafe UnsafeBufferPointer(start: bytes, count: size)
  unsafe hold(input.span)
  return 0
}
