// SPDX-License-Identifier: Apache-2.0

// Prints one line a figure: name, value, unit and bar, separated by tabs.

import Catalog
import Foundation
import Glibc
import Telemetry
import Wire

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
// A large odd step visits the pods in an order that no cache foresees.
func address(_ index: Int) -> IPAddress {
  Cluster.podAddress(index &* 48_611 % Cluster.pods)
}
show(
  "resources, addresses looked up",
  rate(1_000_000) { who.holder(of: address($0), in: network, at: second) != .nobody },
  "/core-s", "1000000")
show(
  "resources, ends resolved to pod, workload, namespace, node, zone and service",
  rate(300_000) {
    let end = who.resolve(EndFacts(address($0), port: 8_080), in: network, at: second)
    return end.pod != 0 && end.availabilityZone != 0 && end.service != 0
  }, "/core-s", "")

// MARK: Whole records, both ends, as rows are made

var state = CatalogState()
state.begin(second: second)
let agent = try state.admit(identity: "agent", version: "1", protocols: [], cluster: "it")
state.learn(cluster: Cluster.scope, from: agent)
var tagger = EndTagger()
swap(&tagger.who, &who)
tagger.begin(agent: agent, state)
func tagged(_ index: Int) -> Bool {
  let (from, to) = (address(index), address(index &* 7 &+ 1))
  var client = EndTags(unknown: from)
  var server = EndTags(unknown: to)
  tagger.complete(
    client: &client, from, server: &server, to, port: 8_080, .tcp,
    at: second &+ UInt32(index & 63), &state)
  return client.tagSet != 0 && server.tagSet != 0
}
show("resources, records tagged", rate(1_000_000, tagged), "/core-s", "1000000")
// A pod in a thousand is told anew between them.
show(
  "resources, records tagged while a pod changes with every thousandth",
  rate(1_000_000) { index in
    if index % 1_000 == 0 {
      Cluster.relabel(index / 1_000 % Cluster.pods, to: "\(index)") {
        tagger.who.apply($0, at: Timestamp(seconds: Int64(second) + 100))
      }
    }
    return tagged(index)
  }, "/core-s", "1000000")

// MARK: What a server that starts reads back

let file = NSTemporaryDirectory() + "/metaflow-resources-\(UUID().uuidString).sqlite"
var told = Whereabouts(isWritten: true)
Cluster.tell { told.apply($0, at: Cluster.start) }
let catalog = try Catalog(path: file)
catalog.withState { $0.learnChanges(of: &told) { $0.encoded } }
let writing = processorTime()
try catalog.commit()
show("resources, processor time to write a cluster down", milliseconds(since: writing), "ms", "")
let reading = processorTime()
let book = ResourceBook(isWritten: true)
let unread = try book.restore(from: try Catalog(path: file)) { try? ResourceReport(encoded: $0) }
precondition(unread == 0 && book.tally.resources == told.tally.resources, "everything is back")
show("resources, processor time to read a cluster back", milliseconds(since: reading), "ms", "5000")
for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + end) }
