// SPDX-License-Identifier: Apache-2.0

// Prints one line a figure: name, value, unit and bar, separated by tabs. Give a number of calls, and
// only the calls are measured, that many times: for an instruction count, which a busy machine does not
// change, take the difference of two runs. Give a protocol of the mix behind it, and they are of that one.

if CommandLine.arguments.count > 1 {
  let calls = Int(CommandLine.arguments[1]) ?? 0
  precondition(calls > 0, "the argument is a number of calls")
  let name = CommandLine.arguments.dropFirst(2).first ?? "mix"
  let exchanges = Exchange.mix.filter { name == "mix" || $0.name.lowercased() == name.lowercased() }
  precondition(!exchanges.isEmpty, "the mix has no protocol \(name)")
  measure(exchanges, name: "calls a core-second, \(name)", calls: calls).show()
} else {
  // Memory first: what later measurements free would be reused, and not be seen to grow.
  idleMemory().show()
  steadyGrowth().show()
  #if canImport(CAllocations)
    allocations().show()
  #endif
  // The best of several: the others tell what else the machine was doing.
  let figures = (0..<5).map { _ in
    measure([.http], name: "keep-alive HTTP calls a core-second", bar: "at least 1000000")
  }
  figures.max { $0.value < $1.value }?.show()
  let mixed = (0..<5).map { _ in
    measure(
      Exchange.mix, name: "HTTP, Redis, MySQL and PostgreSQL calls a core-second",
      bar: "at least 2000000")
  }
  mixed.max { $0.value < $1.value }?.show()
  for exchange in StreamedExchange.all {
    let figures = (0..<3).map { _ in measure(exchange) }
    figures.max { $0[0].value < $1[0].value }?.forEach { $0.show() }
  }
}
