// SPDX-License-Identifier: Apache-2.0

// Coverage-guided fuzzing of the flow table. An input is a run of steps: a byte that says what comes
// (packets, mostly), two for the ends and what the packet is, two for its flags and how it moves the
// numbers, one for its length, one for the time that passes. A trap, a packet or byte that is in no
// report, or in two, a bound that is passed, or a tally that does not balance ends the run and leaves
// the input.

/// libFuzzer's entry, compiler-rt/lib/fuzzer/FuzzerDriver.cpp.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private func fuzz(_ input: Span<UInt8>) {
  guard !input.isEmpty else { return }
  var run = Run(input[0])
  var position = 1
  while position + 7 <= input.count {
    run.step(input.extracting(position..<(position + 7)))
    position += 7
  }
  run.finish()
}

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let code = unsafe runDriver(&count, &arguments) { bytes, size in
  let input = unsafe UnsafeBufferPointer(start: bytes, count: size)
  unsafe fuzz(input.span)
  return 0
}
