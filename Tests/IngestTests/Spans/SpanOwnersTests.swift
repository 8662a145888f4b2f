// SPDX-License-Identifier: Apache-2.0

import Catalog
import Telemetry
import Testing

@testable import Ingest

/// Whose spans are whose, learned from what agents saw.
@Suite struct SpanOwnersTests {
  private static let curl = ProcessKey(pid: 100, startedAfterBoot: 1)
  private static let shop = ProcessKey(pid: 200, startedAfterBoot: 2)
  private static let nginx = ProcessKey(pid: 300, startedAfterBoot: 3)

  private struct Named: Equatable {
    var client: EndTags?
    var server: EndTags?
  }

  private struct World {
    var state = CatalogState()
    var owners = SpanOwners()
    var batch = RecordBatch()

    init() {
      state.learn(hostReport("web-1"), agent: 1)
      for (key, name) in [(curl, "curl"), (shop, "shop"), (nginx, "nginx")] {
        state.learn(processReport(key, name), agent: 1)
      }
      owners.use()
    }

    func tags(_ key: ProcessKey) -> EndTags? { state.tags(of: key, agent: 1) }

    mutating func see(
      _ point: ObservationPoint, _ process: ProcessKey, trace: String = "t", span: String
    ) {
      var call = CallRecord(client: .zero, server: .zero, start: testTime, end: testTime)
      call.observationPoint = point
      if point == .serverProcess {
        call.server.process = process
      } else {
        call.client.process = process
      }
      call.texts.traceID = batch.append(trace)
      call.texts.spanID = batch.append(span)
      let text = batch.text
      owners.observe(call, text.span, agent: 1, state: state)
    }

    mutating func ends(
      _ point: ObservationPoint, trace: String = "t", span: String, parent: String = "",
      service: String = "shop", pid: UInt32 = 0
    ) -> Named {
      var call = CallRecord(client: .zero, server: .zero, start: testTime, end: testTime)
      call.observationPoint = point
      call.signalSource = .openTelemetry
      call.texts.traceID = batch.append(trace)
      call.texts.spanID = batch.append(span)
      call.texts.parentSpanID = batch.append(parent)
      call.appService = batch.append(service)
      let own = ProcessKey(pid: pid, startedAfterBoot: 0)
      if point == .serverApplication {
        call.server.process = own
      } else {
        call.client.process = own
      }
      let unknown = EndTags(unknown: .unspecified)
      let text = batch.text
      let ends = owners.ends(
        of: call, text.span, else: TaggedEnds(client: unknown, server: unknown))
      return Named(
        client: ends.client == unknown ? nil : ends.client,
        server: ends.server == unknown ? nil : ends.server)
    }
  }

  @Test func bothSidesOfACarriedIDAreNamed() {
    var world = World()
    world.see(.clientProcess, Self.curl, span: "a")
    world.see(.serverProcess, Self.shop, span: "a")
    let client = world.ends(.clientApplication, span: "a", service: "cli")
    #expect(client == Named(client: world.tags(Self.curl), server: world.tags(Self.shop)))
    let server = world.ends(.serverApplication, span: "b", parent: "a")
    #expect(server == Named(client: world.tags(Self.curl), server: world.tags(Self.shop)))
    // Other spans under the same names are of the same process, others' are not.
    #expect(world.ends(.application, span: "c", parent: "b").client == world.tags(Self.shop))
    #expect(world.ends(.clientApplication, span: "d").client == world.tags(Self.shop))
    #expect(world.ends(.application, span: "e", service: "other").client == nil)
    #expect(
      world.ends(.serverApplication, trace: "u", span: "f", parent: "a", service: "x") == Named()
    )
  }

  /// A proxy hands ids on as they are, so that both servers have seen them.
  @Test func whatTwoProcessesSawIsTheOnesThatHasThePID() {
    var world = World()
    world.see(.serverProcess, Self.nginx, span: "a")
    world.see(.serverProcess, Self.shop, span: "a")
    #expect(world.ends(.serverApplication, span: "b", parent: "a").server == nil)
    #expect(
      world.ends(.serverApplication, span: "b", parent: "a", pid: 200).server
        == world.tags(Self.shop))
    #expect(world.ends(.application, span: "c", pid: 200).server == world.tags(Self.shop))
    #expect(world.ends(.clientApplication, span: "a").server == nil)
  }

  /// Replicas that go by one name.
  @Test func aNameOfTwoProcessesIsNobodys() {
    var world = World()
    world.see(.serverProcess, Self.nginx, span: "a")
    world.see(.serverProcess, Self.shop, span: "b")
    #expect(world.ends(.serverApplication, span: "c", parent: "a").server == world.tags(Self.nginx))
    #expect(world.ends(.serverApplication, span: "d", parent: "b").server == world.tags(Self.shop))
    #expect(world.ends(.application, span: "e").server == nil)
  }

  @Test func nothingIsKeptWithoutSpansAndLittleWithThem() {
    var world = World()
    world.owners = SpanOwners()
    world.see(.serverProcess, Self.shop, span: "a")
    #expect(world.owners.count == 0)
    world.owners.use()
    for number in 0..<(SpanOwners.capacity + 10) {
      world.see(.serverProcess, Self.shop, span: "\(number)")
    }
    #expect(world.owners.count <= 2 * SpanOwners.capacity)
  }
}
