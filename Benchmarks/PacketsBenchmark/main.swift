// SPDX-License-Identifier: Apache-2.0

import Glibc
import Protocols
import Telemetry

// How fast captures become records: each file three times, the best counts. Prints one line a figure:
// name, value, unit and bar, separated by tabs.
//
//   packets-benchmark [--verbs] DIRECTORY|FILE...
//   packets-benchmark --crowd datagrams|connections [FLOWS]
//
// A directory is one that make-pcap.sh filled: the true number of operations stands in its truth.tsv.
// A crowd is of flows that are open at once, 100,000 unless told otherwise.

let protocolsByFile = ["http": 20, "redis": 80, "pgsql": 61, "mysql": 60, "dns": 120]

func contents(_ path: String) -> String {
  guard let file = unsafe fopen(path, "r") else { return "" }
  defer { unsafe fclose(file) }
  var text: [UInt8] = []
  while case let byte = unsafe getc(file), byte >= 0 { text.append(UInt8(byte)) }
  return String(decoding: text, as: UTF8.self)
}

func show(_ name: String, _ value: Double, _ unit: String, _ bar: String) {
  print(name, (value * 1_000).rounded() / 1_000, unit, bar, separator: "\t")
}

func measure(_ path: String, name: String, truth: Int?, verbs: Bool) {
  guard let capture = MappedCapture.open(path) else { return print("\(path): not a capture file") }
  var runs = (0..<(verbs ? 1 : 3)).map { _ in Replay(of: capture, countsVerbs: verbs) }
  runs.sort { $0.nanoseconds < $1.nanoseconds }
  let best = runs[0]
  let seconds = Double(best.nanoseconds) / 1e9
  show("packets.\(name).rate", Double(best.bytes) / 1e6 / seconds, "MB/s", "> 279")
  show(
    "packets.\(name).cost", Double(best.nanoseconds) / Double(best.packets), "ns/packet", "< 600")
  if let truth, let number = protocolsByFile[name] {
    let count = best.calls[UInt8(number)] ?? 0
    show("packets.\(name).records", Double(count) / Double(truth), "of truth", "1.000")
    let timed = best.withDuration[UInt8(number)] ?? 0
    show("packets.\(name).durations", Double(timed) / Double(truth), "of truth", "1.000")
  }
  guard verbs else { return }
  print("calls", best.calls, "timed", best.withDuration, "flows", best.flows, separator: "\t")
  for (name, count) in best.losses.sorted(by: { $0.key < $1.key }) { print("lost", name, count) }
  for (verb, count) in best.verbs.sorted(by: { $0.key < $1.key }) { print("verb", verb, count) }
}

func measureCrowd(_ kind: Crowd.Kind, flows: Int) {
  let crowd = Crowd(kind, flows: flows)
  let name = "packets.crowd.\(kind.rawValue)"
  show("\(name).cost", crowd.cost, "ns/packet", "")
  show("\(name).memory", crowd.memory, "MiB", "")
  show("\(name).peak", crowd.peak, "MiB", "")
  show("\(name).reports", Double(crowd.reports + Int(crowd.lost)), "", "\(flows)")
}

var arguments = Array(CommandLine.arguments.dropFirst())
let verbs = arguments.first == "--verbs"
if verbs { arguments.removeFirst() }
if arguments.first == "--crowd" {
  let flows = arguments.count > 2 ? Int(arguments[2]) : nil
  if arguments.count > 1, let kind = Crowd.Kind(rawValue: arguments[1]) {
    measureCrowd(kind, flows: flows ?? 100_000)
  }
  arguments = []
}
for path in arguments {
  guard !path.hasSuffix(".pcap") else {
    let name = path.split(separator: "/").last.map { String($0.dropLast(5)) } ?? path
    measure(path, name: name, truth: nil, verbs: verbs)
    continue
  }
  for line in contents(path + "/truth.tsv").split(separator: "\n").dropFirst() {
    let fields = line.split(separator: "\t")
    measure(
      "\(path)/\(fields[0]).pcap", name: String(fields[0]), truth: Int(fields[1]), verbs: verbs)
  }
  measure(path + "/all.pcap", name: "all", truth: nil, verbs: verbs)
}
