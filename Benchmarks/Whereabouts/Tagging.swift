// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Telemetry
import Wire

/// Whole records, both ends, as rows are made.
func showTagging(_ who: inout Whereabouts, at second: UInt32) throws {
  var state = CatalogState()
  state.begin(second: second)
  let agent = try state.admit(identity: "agent", version: "1", protocols: [], cluster: "it")
  state.learn(cluster: Cluster.scope, from: agent)
  var tagger = EndTagger()
  swap(&tagger.who, &who)
  tagger.begin(agent: agent, state)
  func tagged(_ index: Int) -> Bool {
    let (from, to) = (Cluster.someAddress(index), Cluster.someAddress(index &* 7 &+ 1))
    var client = EndTags(unknown: from)
    var server = EndTags(unknown: to)
    tagger.complete(
      client: &client, from, server: &server, to, port: 8_080, .tcp,
      at: second &+ UInt32(index & 63), &state)
    return client.tagSet != 0 && server.tagSet != 0
  }
  show("resources, records tagged", rate(1_000_000, tagged), "/core-s", "1000000")
  let changing = rate(1_000_000) { index in
    if index % 1_000 == 0 {
      Cluster.relabel(index / 1_000 % Cluster.pods, to: "\(index)") {
        tagger.who.apply($0, at: Timestamp(seconds: Int64(second) + 100))
      }
    }
    return tagged(index)
  }
  show(
    "resources, records tagged while a pod changes with every thousandth", changing, "/core-s",
    "1000000")
  swap(&tagger.who, &who)
}

/// What a server that starts reads back.
func showRestart() throws {
  let file = NSTemporaryDirectory() + "/metaflow-resources-\(UUID().uuidString).sqlite"
  defer {
    for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + end) }
  }
  var told = Whereabouts(isWritten: true)
  Cluster.tell { told.apply($0, at: Cluster.start) }
  let catalog = try Catalog(path: file)
  catalog.withState { $0.learnChanges(of: &told) { $0.encoded } }
  let writing = processorTime()
  try catalog.commit()
  show(
    "resources, processor time to write a cluster down", milliseconds(since: writing), "ms", "")
  let reading = processorTime()
  let book = ResourceBook(isWritten: true)
  let unread = try book.restore(from: try Catalog(path: file)) {
    try? ResourceReport(encoded: $0)
  }
  precondition(unread == 0 && book.tally.resources == told.tally.resources, "everything is back")
  show(
    "resources, processor time to read a cluster back", milliseconds(since: reading), "ms", "5000")
}
