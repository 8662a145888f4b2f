// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Query

/// Traces as spans.
@Suite struct SpanTreeTests {
  /// A client calls orders, which calls a store that is not watched; orders tells a span of its own.
  private func world() throws -> (SpanTree, [UInt64]) {
    var records = TraceRecords()
    let first = records.add(
      "c-p", call: 10, 0...1_000, from: .process(7), to: .process(20, "orders"), trace: "t",
      span: "s")
    let second = records.add(
      "s-p", call: 10, 10...990, from: .process(7), to: .process(20, thread: 1, "orders"),
      chains: (1, 2),
      trace: "t", span: "s")
    let third = records.add(
      "c-p", call: 20, 100...300, from: .process(20, thread: 1, "orders"), chains: (1, 2))
    let told = records.add(
      "s-app", call: 0, 20...980, trace: "t", span: "b7ad6b7169203331", parent: "s")
    let trace = try #require(TraceAssembly.trace(records.all, of: first))
    var detail = SpanDetails()
    detail.span = "B7AD6B7169203331"
    detail.application = "orders-app"
    detail.attributes = [TraceAttribute("k", "v"), TraceAttribute("span.kind", "consumer")]
    return (SpanTree(trace, details: [told: detail]), [first, second, third, told])
  }

  @Test func aCallIsTheSpanOfItsClientAndOfItsServer() throws {
    let (tree, ids) = try world()
    let byID = Dictionary(uniqueKeysWithValues: tree.spans.map { ($0.id, $0) })
    #expect(byID.count == 4 && tree.id == TraceIdentity.made(ids[0]))
    let parents = Dictionary(
      uniqueKeysWithValues: tree.spans.map { ($0.id, $0.parent.map { tree.spans[$0].id }) })
    let (client, server, call) = (
      TraceIdentity.span(ids[0]), TraceIdentity.span(ids[1]), TraceIdentity.span(ids[2])
    )
    #expect(parents[client] == .some(nil) && parents[server] == client && parents[call] == server)
    #expect(parents["b7ad6b7169203331"] == server, "what is told has its own id")
    #expect(byID[client]?.kind == .client && byID[server]?.kind == .server)
    #expect(byID[server]?.service == "orders" && byID[server]?.duration == 980)
    let told = try #require(byID["b7ad6b7169203331"])
    #expect(told.service == "orders-app" && told.kind == .consumer)
    #expect(told.attributes.contains(TraceAttribute("k", "v")))
    let confidence = byID[call]?.attributes.first { $0.name == "metaflow.edge.confidence" }
    #expect(confidence?.value == .double(1))
    // Parents stand before their children, whatever is asked of the tree.
    for (place, span) in tree.spans.enumerated() { #expect(span.parent ?? -1 < place) }
  }

  @Test func twoSpansNeverShareAnID() throws {
    var records = TraceRecords()
    let first = records.add("c-app", call: 0, 0...100, trace: "t", span: "b7ad6b7169203331")
    let second = records.add("s-app", call: 0, 10...90, trace: "t", span: "b7ad6b7169203331")
    let trace = try #require(TraceAssembly.trace(records.all, of: first))
    var detail = SpanDetails()
    detail.span = "b7ad6b7169203331"
    let tree = SpanTree(trace, details: [first: detail, second: detail])
    #expect(Set(tree.spans.map(\.id)).count == 2 && tree.spans.count == 2)
  }

  @Test(arguments: [
    ("GET", "/items/{n}", "", "GET /items/{n}"),
    ("SELECT", "SELECT a FROM b", "", "SELECT a FROM b"),
    ("A", "", "a.example", "A a.example"), ("PING", "", "", "PING"), ("", "", "", "Redis"),
    ("", "/x", "", "/x"),
  ])
  func aSpanIsCalledByWhatWasAsked(
    type: String, endpoint: String, domain: String, name: String
  ) {
    var text = TraceText()
    (text.type, text.endpoint, text.domain, text.application) = (type, endpoint, domain, "Redis")
    #expect(SpanNames.name(text) == name)
  }
}
