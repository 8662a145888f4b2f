// SPDX-License-Identifier: Apache-2.0

import Telemetry
import TestSupport
import Testing

@testable import Catalog

/// An answer that was kept is the one that would be found.
@Suite struct KeptAnswersTests {
  private var random: SeededGenerator
  private let seed: UInt64

  init() {
    seed = UInt64.random(in: 1...UInt64.max)
    random = SeededGenerator(seed: seed)
  }

  private let pods = (0..<6).map { "pod\($0)" }

  private mutating func change(_ world: inout TaggedCluster, at second: Int64) {
    let address = "10.1.0.\(Int.random(in: 1...4, using: &random))"
    let pod = pods.randomElement(using: &random) ?? ""
    switch Int.random(in: 0..<6, using: &random) {
    case 0: world.end(.pod, pod, at: second)
    case 1, 2:
      world.tellPod(
        pod, at: second, address, label: "\(Int.random(in: 0..<3, using: &random))",
        of: [(.replicaSet, "set\(Int.random(in: 0..<2, using: &random))"), (.namespace, "space")])
    case 3:
      world.tell(
        .replicaSet, "set\(Int.random(in: 0..<2, using: &random))", at: second,
        parents: [(.deployment, "web\(Int.random(in: 0..<2, using: &random))")])
    case 4:
      world.tell(
        [.deployment, .namespace].randomElement(using: &random) ?? .namespace, "web0", at: second)
    default:
      world.tell(.service, "door\(Int.random(in: 0..<2, using: &random))", at: second) {
        $0.endpoints = [
          .init(
            address: IPAddress(address) ?? .unspecified, transport: .tcp, port: 80, target: nil)
        ]
      }
    }
  }

  @Test mutating func keptAnswersAreFoundOnes() throws {
    for _ in 0..<40 {
      var world = try TaggedCluster()
      for step in 0..<60 as Range<Int64> {
        change(&world, at: 100 + step / 2)
        for _ in 0..<4 {
          let second = UInt32(90 + Int64.random(in: 0..<60, using: &random))
          let (client, server) = (
            "10.1.0.\(Int.random(in: 1...5, using: &random))",
            "10.1.0.\(Int.random(in: 1...5, using: &random))"
          )
          let kept = world.ends(client, server, at: second)
          var fresh = EndTagger()
          fresh.who = world.tagger.who
          let old = world.tagger
          world.tagger = fresh
          let found = world.ends(client, server, at: second)
          world.tagger = old
          #expect(kept.client == found.client, "seed \(seed)")
          #expect(kept.server == found.server, "seed \(seed)")
        }
      }
    }
  }
}
