// SPDX-License-Identifier: Apache-2.0

// Coverage-guided fuzzing of recognition, streams, pairing and roll-up, by the messages of a toy
// protocol; see EngineScript. A trap, a request that does not leave exactly once, or an engine in
// disorder ends the run and leaves the input.

/// libFuzzer's entry, compiler-rt/lib/fuzzer/FuzzerDriver.cpp.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let code = unsafe runDriver(&count, &arguments) { bytes, size in
  let input = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: size))
  let faults = EngineScript.run(input)
  if !faults.isEmpty { fatalError("\(faults)") }
  return 0
}
