// SPDX-License-Identifier: Apache-2.0

import Bytes
import Flows
import Telemetry
import TestSupport
import Testing

/// What is learned of a service's calls.
@Suite struct EndpointBookTests {
  @Test func aPlaceWithManyValuesBecomesOne() {
    let book = Learner()
    let names = (0..<200).map { "/users/\(word($0))/orders" }
    _ = book.learn(names)
    #expect(book.learn(["/users/somebody/orders"]) == ["/users/{id}/orders"])
    #expect(book.learn([names[0]]) == ["/users/{id}/orders"])
    #expect(book.learn(["/users/somebody/cart"]) == ["/users/{id}/cart"])
  }

  @Test func aFewValuesStay() {
    let book = Learner()
    let paths = ["list", "search", "new", "export", "import"].map { "/users/\($0)" }
    for _ in 0..<500 { #expect(book.learn(paths) == paths) }
  }

  @Test func whatIsAskedForMuchStaysBesideTheOthers() {
    let book = Learner()
    for number in 0..<300 {
      _ = book.learn(["/users/me", "/users/me", "/users/me", "/users/\(word(number))"])
    }
    #expect(
      book.learn(["/users/me", "/users/\(word(1_000))"]) == ["/users/me", "/users/{id}"])
  }

  /// A scanner asks for what is not there.
  @Test func whatIsNotThereTeachesNothing() {
    let book = Learner()
    _ = book.learn(["/api", "/login"])
    let scanned = (0..<2_000).map { "/\(word($0)).php" }
    let said = Set(book.learn(scanned, code: 404))
    #expect(said.count <= 65)
    #expect(said.contains("{other}"))
    #expect(book.learn(["/api", "/login", "/new"]) == ["/api", "/login", "/new"])
  }

  @Test func aServiceHasSoManyEndpointsAndTheRestIsOther() {
    var rules = EndpointRules()
    rules.learns = false
    rules.perService = 50
    let book = Learner(rules: rules)
    let all = (0..<120).map { "/\(word($0))" }
    let said = book.learn(all)
    #expect(Array(said.prefix(50)) == Array(all.prefix(50)))
    #expect(said.dropFirst(50).allSatisfy { $0 == "{other}" })
    let batch = book.batch(all)
    let dropped = batch.losses.filter { $0.reason == .endpointTableFull }.map(\.dropped)
    #expect(dropped == [70])
  }

  /// Endpoints of an older version of the service do not keep those of the newer one out for ever.
  @Test func whatIsNotAskedForAnyMoreGivesWay() {
    var rules = EndpointRules()
    rules.learns = false
    rules.perService = 50
    let book = Learner(rules: rules)
    _ = book.learn((0..<50).map { "/old-\(word($0))" })
    let new = (0..<20).map { "/new-\(word($0))" }
    for _ in 0..<40 { _ = book.learn(new) }
    #expect(book.learn(new) == new)
  }

  @Test func servicesAndProtocolsLearnForThemselves() {
    let book = Learner()
    _ = book.learn((0..<200).map { "/users/\(word($0))" }, port: 80)
    #expect(book.learn(["/users/x"], port: 81) == ["/users/x"])
    #expect(book.learn(["/users/x"], port: 80) == ["/users/{id}"])
  }

  @Test func keysAndTopicsHavePlacesToo() {
    let book = Learner()
    _ = book.learn((0..<200).map { "GET user:\(word($0)):cart" }, port: 6_379, speaking: 80)
    #expect(
      book.learn(["GET user:x:cart", "GET settings"], port: 6_379, speaking: 80)
        == ["GET user:?:cart", "GET settings"])
    _ = book.learn((0..<200).map { "PUBLISH homes/\(word($0))/heat" }, port: 1_883, speaking: 101)
    #expect(
      book.learn(["PUBLISH homes/x/heat"], port: 1_883, speaking: 101) == ["PUBLISH homes/?/heat"])
  }

  @Test(arguments: [41, 60, 100 + 101]) func methodsAndTablesAreLeftAlone(number: Int) {
    let book = Learner()
    let all = (0..<500).map { "/shop.Orders/\(word($0))" }
    #expect(book.learn(all, speaking: UInt8(number)) == all)
  }

  @Test func whatPeopleSaidComesFirst() {
    var rules = EndpointRules()
    rules.templates = ["/users/{name}/orders", "/files/**"].compactMap { EndpointTemplate($0) }
    let book = Learner(rules: rules)
    #expect(
      book.learn([
        "/users/ann/orders", "/users/ann", "/files", "/files/a/b", "/filesystem", "/users//orders",
      ])
        == [
          "/users/{name}/orders", "/users/ann", "/files/**", "/files/**", "/filesystem",
          "/users//orders",
        ])
  }

  @Test(arguments: ["", "users", "/a b", "/a/**/b", "/a//b", "/a?b", "/"])
  func aTemplateIsAPath(text: String) {
    #expect(EndpointTemplate(text) == nil)
  }

  /// However its calls are cut into batches, and whatever the seed of its tables is.
  @Test func theSameCallsGiveTheSameEndpoints() {
    var random = SeededGenerator(seed: 20_261)
    let words = ["users", "orders", "me", "search"]
    let paths = (0..<5_000).map { number in
      let first = words.randomElement(using: &random) ?? ""
      return Int.random(in: 0..<3, using: &random) == 0
        ? "/\(first)/\(words.randomElement(using: &random) ?? "")"
        : "/\(first)/\(word(Int.random(in: 0..<400, using: &random)))"
    }
    let one = Learner(seed: 1)
    let other = Learner(seed: 0xdead_beef)
    let whole = one.learn(paths)
    var parts: [String] = []
    var rest = paths[...]
    while !rest.isEmpty {
      let count = min(rest.count, Int.random(in: 1...90, using: &random))
      parts += other.learn(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    #expect(whole == parts)
    #expect(one.saved() == other.saved())
  }

  @Test func aRestartChangesNothing() {
    let book = Learner()
    _ = book.learn((0..<300).map { "/users/\(word($0))" } + ["/a", "/b"])
    _ = book.learn(["/gone"], code: 404)
    let next = Learner(seed: 9)
    #expect(next.restore(book.saved()))
    #expect(next.saved() == book.saved())
    #expect(next.learn(["/users/x", "/a"]) == ["/users/{id}", "/a"])
  }

  @Test func whatWasNotWrittenWholeIsNotTaken() {
    let book = Learner()
    _ = book.learn((0..<100).map { "/users/\(word($0))" })
    let saved = book.saved()
    for count in stride(from: 0, to: saved.count, by: 7) {
      let next = Learner()
      #expect(!next.restore(Array(saved[..<count])))
    }
    for place in stride(from: 0, to: saved.count, by: 5) {
      var torn = saved
      torn[place] ^= 0x40
      let next = Learner()
      #expect(!next.restore(torn))
      #expect(next.learn(["/users/x"]) == ["/users/x"])
    }
  }

  @Test func servicesBeyondTheBoundTakeThePlaceOfTheLeastUsed() {
    var rules = EndpointRules()
    rules.services = 8
    let book = Learner(rules: rules)
    _ = book.learn((0..<300).map { "/users/\(word($0))" }, port: 1)
    for port in UInt16(2)..<2_000 { _ = book.learn(["/x"], port: port) }
    #expect(book.learn(["/y"], port: 5_000) == ["/y"])
    #expect(book.saved().count < 64_000)
  }

  /// Rows of figures follow the calls, and those of one key become one.
  @Test func figuresHaveTheEndpointsOfTheirCalls() {
    let book = Learner()
    let paths = (0..<200).map { "/users/\(word($0))" }
    _ = book.learn(paths)
    let batch = book.batch(paths + ["/about"])
    #expect(batch.metrics.map { batch.string($0.endpoint) } == ["/users/{id}", "/about"])
    #expect(batch.metrics.map(\.requests) == [200, 1])
    #expect(batch.calls.allSatisfy { $0.texts.endpoint.length > 0 })
  }
}

/// A word without digits that no other number has.
private func word(_ number: Int) -> String {
  var rest = number + 26
  var text = ""
  while rest > 0 {
    text.append(Character(UnicodeScalar(UInt8(97 + rest % 26))))
    rest /= 26
  }
  return text + "name"
}

/// A book, for expectations: they cannot change a value.
private final class Learner {
  private var book: EndpointBook

  init(rules: EndpointRules = EndpointRules(), seed: UInt64 = 7) {
    book = EndpointBook(rules: rules, seed: seed)
  }

  func saved() -> [UInt8] { book.saved() }
  func restore(_ bytes: [UInt8]) -> Bool { book.restore(bytes) }

  /// What it says of calls of a server.
  func learn(
    _ endpoints: [String], port: UInt16 = 80, speaking number: UInt8 = 20, code: Int32 = 200
  ) -> [String] {
    let batch = batch(endpoints, port: port, speaking: number, code: code)
    return batch.calls.map { batch.string($0.texts.endpoint) }
  }

  func batch(
    _ endpoints: [String], port: UInt16 = 80, speaking number: UInt8 = 20, code: Int32 = 200
  ) -> RecordBatch {
    var batch = RecordBatch()
    let time = Timestamp(seconds: 1_000)
    let client = CallEnd(address: IPAddress(v4: 0x0a00_0001), port: 40_000)
    let server = CallEnd(address: IPAddress(v4: 0x0a00_0002), port: port)
    for endpoint in endpoints {
      var call = CallRecord(client: client, server: server, start: time, end: time)
      call.applicationProtocol = ApplicationProtocol(rawValue: number)
      call.responseCode = code
      call.texts.endpoint = batch.append(endpoint)
      batch.calls.append(call)
      var metric = CallMetric(
        time: time, interval: 1, observationPoint: .serverProcess, signalSource: .eBPF,
        transport: .tcp, applicationProtocol: call.applicationProtocol, client: client,
        server: server)
      metric.requests = 1
      metric.endpoint = call.texts.endpoint
      batch.metrics.append(metric)
    }
    book.apply(to: &batch, now: time)
    return batch
  }
}
