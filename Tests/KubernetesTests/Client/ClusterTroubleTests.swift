// SPDX-License-Identifier: Apache-2.0

import Foundation
import KubernetesClient
import Telemetry
import TestSupport
import Testing

@testable import Kubernetes

/// What a watcher does, and says, where something is wrong.
@Suite struct ClusterTroubleTests {
  typealias Watcher = ClusterWatcherTests

  private func pod(_ name: String, _ version: Int) -> [UInt8] {
    Fixture.event("ADDED", Fixture.pod(name, version: version))
  }

  private func expect(
    _ text: String, of kind: KubernetesKind = .pod, _ watcher: ClusterWatcher
  ) async throws {
    let isSaid = await eventually(within: .seconds(60)) {
      await Watcher.state(watcher, kind).contains(text)
    }
    let state = await Watcher.state(watcher, kind)
    #expect(isSaid, "'\(text)' was waited for, but \(state)")
  }

  private func expectPod(_ name: String, _ changes: Watcher.Changes) async throws {
    _ = try await eventually("pod \(name)") {
      changes.now.names(of: .pod).contains(name) ? true : nil
    }
  }

  @Test func aServerThatOthersVouchForIsNotTalkedTo() async throws {
    let cluster = try await Watcher.empty()
    try await Watcher.serve(cluster) { server in
      let access = Watcher.access(
        server, authority: TestCertificates.otherAuthority, .token("secret"))
      try await Watcher.watch(access) { watcher, changes in
        try await expect("its certificate is not for this address", watcher)
        #expect(await cluster.requests.isEmpty)
        #expect(changes.list.isEmpty)
      }
    }
  }

  @Test func aCertificateMustBeForTheAddressOrTheNameThatIsGiven() async throws {
    let cluster = try await Watcher.empty()
    try await Watcher.serve(cluster, isNamed: true) { server in
      var access = Watcher.access(server, .token("secret"))
      for name in [nil, "elsewhere.example"] {
        access.serverName = name
        try await Watcher.watch(access) { watcher, _ in
          try await expect("its certificate is not for this address", watcher)
          #expect(await cluster.requests.isEmpty)
        }
      }
      access.serverName = "api.example"
      try await Watcher.watch(access) { watcher, _ in
        try await expect("watched", watcher)
      }
    }
  }

  @Test func aTokenThatIsReplacedIsReadAnew() async throws {
    let cluster = try await Watcher.empty()
    let file = FileManager.default.temporaryDirectory
      .appending(path: "metaflow-token-\(UUID().uuidString)")
    try Data("first\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    await cluster.take(only: ["first"])
    try await Watcher.serve(cluster) { server in
      let access = Watcher.access(server, .tokenFile(file.path))
      try await Watcher.watch(access) { watcher, changes in
        try await expect("watched", watcher)
        await cluster.take(only: ["second"])
        try await expect("does not accept our credentials (401)", watcher)
        try Data("second".utf8).write(to: file)
        try await expect("watched", watcher)
        try await cluster.happen(.pod, pod("a", 7))
        try await expectPod("a", changes)
      }
    }
  }

  @Test func aKindThatIsForbiddenHoldsNobodyUp() async throws {
    let cluster = try await Watcher.empty()
    await cluster.set(.refuses(403, .ingress))
    try await Watcher.serve(cluster) { server in
      try await Watcher.watch(Watcher.access(server)) { watcher, changes in
        try await expect("watched", watcher)
        try await expect("give it a role with these rights", of: .ingress, watcher)
        try await cluster.happen(.pod, pod("a", 7))
        try await expectPod("a", changes)
      }
    }
  }

  @Test(
    arguments: [
      (TestCluster.Fault.refuses(500, nil), "answers 500: as the test wants it"),
      (.garbled, "cannot be read"), (.cut, "the connection ended in the middle"),
      (.silent, "it has said nothing for 1 s"), (.refuses(401, nil), "(401)"),
    ] as [(TestCluster.Fault, String)])
  func whatIsWrongIsSaidAndItGoesOnWhenItIsOver(fault: TestCluster.Fault, text: String) async throws
  {
    let cluster = try await Watcher.empty()
    await cluster.set(fault)
    var options = ClusterWatcher.Options()
    options.patienceSeconds = 1
    try await Watcher.serve(cluster) { server in
      try await Watcher.watch(Watcher.access(server), options: options) { watcher, changes in
        try await expect(text, watcher)
        await cluster.set(.none)
        try await expect("watched", watcher)
        try await cluster.happen(.pod, pod("a", 7))
        try await expectPod("a", changes)
        await cluster.set(fault)
        try await cluster.happen(.pod, pod("b", 8))
        if fault != .silent { try await expect(text, watcher) }
        #expect(changes.now.names(of: .pod) == ["a"])
        await cluster.set(.none)
        if fault != .silent { try await expectPod("b", changes) }
      }
    }
  }

  @Test func nobodyThereIsSaid() async throws {
    let access = ClusterAccess(
      host: "127.0.0.1", port: try freePort(), authority: .system, credentials: .none)
    try await Watcher.watch(access) { watcher, changes in
      try await expect("no connection to the API server", watcher)
      #expect(changes.list.isEmpty)
    }
  }

  @Test func aClientCertificateIsShown() async throws {
    let cluster = try await Watcher.empty()
    try await Watcher.serve(cluster, asksForCertificates: true) { server in
      try await Watcher.watch(Watcher.access(server)) { watcher, _ in
        try await expect("waiting", watcher)
        #expect(await cluster.requests.isEmpty)
      }
      let credentials = ClusterAccess.Credentials.certificate(
        chain: Array(TestCertificates.client.utf8), key: Array(TestCertificates.clientKey.utf8))
      try await Watcher.watch(Watcher.access(server, credentials)) { watcher, _ in
        try await expect("watched", watcher)
      }
    }
  }
}
