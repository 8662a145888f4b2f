// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Wire

// Coverage-guided fuzzing of what a peer may send. The first byte of an input says how the rest is
// taken: as a stream of frames in two chunks, or as the payload of one raw frame of that type, so that
// every section and message is reached without a length that fits.

/// libFuzzer's entry, compiler-rt/lib/fuzzer/FuzzerDriver.cpp.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private func replay(_ input: Span<UInt8>) {
  guard !input.isEmpty else { return }
  let rest = input.extracting(1..<input.count)
  var decoder = FrameDecoder()
  if input[0] & 0x80 != 0 {
    let cut = min(Int(input[0] & 0x7f), rest.count)
    decoder.append(rest.extracting(0..<cut))
    guard takeFrames(&decoder) else { return }
    decoder.append(rest.extracting(cut..<rest.count))
    _ = takeFrames(&decoder)
  } else {
    let length = UInt32(rest.count + 4)
    let head = (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32($0 * 8)) }
    decoder.append((head + [input[0], FrameHead.version, 0, 0]).span)
    decoder.append(rest)
    _ = takeFrames(&decoder)
  }
}

/// Takes every whole frame; false when the stream is lost.
private func takeFrames(_ decoder: inout FrameDecoder) -> Bool {
  do {
    while let frame = try decoder.next() { check(frame) }
    return true
  } catch {
    precondition(error.offset >= 0 && error.offset <= WireLimits.bodyBytes, "a fault has a place")
    return false
  }
}

/// What was read can be sent on, and is read as the same.
private func check(_ frame: Frame) {
  if case .batch(_, let batch) = frame { check(batch) }
  var encoder = FrameEncoder()
  var decoder = FrameDecoder()
  do {
    let bytes = try encoder.encode(frame)
    decoder.append(bytes.span)
    guard let again = try decoder.next() else { preconditionFailure("a whole frame was written") }
    precondition(again == frame, "what was read is written as it was")
  } catch {
    preconditionFailure("what was read can be written and read again: \(error)")
  }
}

/// No frame buys more memory than the limits say, or a text from elsewhere.
private func check(_ batch: RecordBatch) {
  precondition(
    max(
      batch.calls.count, batch.metrics.count, batch.flows.count, batch.networkMetrics.count,
      batch.losses.count) <= WireLimits.rows
      && max(batch.processes.count, batch.endedProcesses.count) <= WireLimits.processes,
    "rows stay inside their limits")
  for call in batch.calls {
    var texts = call.texts
    texts.update { check($0, in: batch) }
  }
  for metric in batch.metrics { check(metric.endpoint, in: batch) }
  for flow in batch.flows {
    check(flow.interfaceName, in: batch)
    check(flow.requestDomain, in: batch)
  }
}

private func check(_ text: Text, in batch: RecordBatch) {
  precondition(
    Int(text.offset) + Int(text.length) <= batch.text.count, "a text lies in the batch's text")
}

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let code = unsafe runDriver(&count, &arguments) { bytes, size in
  let input = unsafe UnsafeBufferPointer(start: bytes, count: size)
  unsafe replay(input.span)
  return 0
}
