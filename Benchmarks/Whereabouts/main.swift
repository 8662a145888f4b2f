// SPDX-License-Identifier: Apache-2.0

// Prints one line a figure: name, value, unit and bar, separated by tabs.

import Catalog
import Glibc
import Telemetry

func show(_ name: String, _ value: Int, _ unit: String, _ bar: String) {
  print(name, value, unit, bar, separator: "\t")
}

/// Processor time of this program, in nanoseconds.
func processorTime() -> Int64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

func milliseconds(since start: Int64) -> Int { Int((processorTime() - start) / 1_000_000) }

/// Bytes of this process that are in memory (`/proc/self/statm`, second field, pages).
func residentBytes() -> Int {
  let file = unsafe open("/proc/self/statm", O_RDONLY)
  guard file >= 0 else { return 0 }
  defer { close(file) }
  var bytes = [UInt8](repeating: 0, count: 128)
  let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
  let fields = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
  return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
}

/// Look-ups a second of processor time; the best of five, as the others tell what else was going on.
func rate(_ count: Int, _ look: (Int) -> Bool) -> Int {
  var best = 0
  for _ in 0..<5 {
    let start = processorTime()
    var found = 0
    for index in 0..<count where look(index) { found += 1 }
    precondition(found == count, "everybody is known")
    let spent = max(1, processorTime() - start)
    best = max(best, Int(Int64(count) * 1_000_000_000 / spent))
  }
  return best
}

let before = residentBytes()
let start = processorTime()
var who = Whereabouts()
Cluster.tell { who.apply($0, at: Cluster.start) }
let spent = processorTime() - start
show("resources, processor time to learn a cluster", Int(spent / 1_000_000), "ms", "5000")
show("resources, memory for it", (residentBytes() - before) >> 20, "MiB", "500")
show("resources, versions kept", who.tally.versions, "", "")

guard let network = who.network(Cluster.scope) else { fatalError("the cluster is known") }
let second = Cluster.start.wholeSecond + 60
show(
  "resources, addresses looked up",
  rate(1_000_000) { who.holder(of: Cluster.someAddress($0), in: network, at: second) != .nobody },
  "/core-s", "1000000")
show(
  "resources, ends resolved to pod, workload, namespace, node, zone and service",
  rate(300_000) {
    let end = who.resolve(EndFacts(Cluster.someAddress($0), port: 8_080), in: network, at: second)
    return end.pod != 0 && end.availabilityZone != 0 && end.service != 0
  }, "/core-s", "")

try showTagging(&who, at: second)
try showRestart()
