// SPDX-License-Identifier: Apache-2.0

// Prints one line a figure: name, value, unit and bar, separated by tabs. Give a number of calls, and
// only the calls are measured, that many times: for an instruction count, which a busy machine does not
// change, take the difference of two runs.

if CommandLine.arguments.count > 1 {
  let calls = Int(CommandLine.arguments[1]) ?? 0
  precondition(calls > 0, "the argument is a number of calls")
  measure(calls: calls).show()
} else {
  // Memory first: what later measurements free would be reused, and not be seen to grow.
  idleMemory().show()
  steadyGrowth().show()
  #if canImport(CAllocations)
    allocations().show()
  #endif
  // The best of several: the others tell what else the machine was doing.
  let figures = (0..<5).map { _ in measure() }
  figures.max { $0.value < $1.value }?.show()
  for exchange in StreamedExchange.all {
    let figures = (0..<3).map { _ in measure(exchange) }
    figures.max { $0[0].value < $1[0].value }?.forEach { $0.show() }
  }
}
