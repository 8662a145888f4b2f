// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Yams

@testable import Kubernetes

/// The manifests of deploy/kubernetes.
@Suite struct DeploymentTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/kubernetes")

  /// The objects of a file.
  private func objects(_ name: String) throws -> [[String: Any]] {
    let text = try String(
      contentsOf: Self.folder.appending(path: name + ".yaml"), encoding: .utf8)
    return try load_all(yaml: text).compactMap { $0 as? [String: Any] }
  }

  @Test(arguments: ["rbac", "agent", "server"]) func everyObjectHasWhatAnObjectNeeds(name: String)
    throws
  {
    let objects = try objects(name)
    #expect(!objects.isEmpty)
    for object in objects {
      #expect(object["apiVersion"] is String)
      #expect(object["kind"] is String)
      let metadata = object["metadata"] as? [String: Any]
      #expect(metadata?["name"] is String)
      let isGlobal = ["Namespace", "ClusterRole", "ClusterRoleBinding"]
        .contains(object["kind"] as? String ?? "")
      #expect((metadata?["namespace"] as? String == "metaflow") != isGlobal)
    }
  }

  @Test func theRoleHasTheRightsThatAreUsedAndNoOthers() throws {
    let role = try #require(
      try objects("rbac").first { $0["kind"] as? String == "ClusterRole" })
    var rights: Set<String> = []
    for case let rule as [String: [String]] in role["rules"] as? [Any] ?? [] {
      for group in rule["apiGroups"] ?? [] {
        for resource in rule["resources"] ?? [] {
          for verb in rule["verbs"] ?? [] { rights.insert("\(verb) \(group)/\(resource)") }
        }
      }
    }
    var used: Set = ["get /namespaces"]
    for kind in KubernetesKind.usual {
      for verb in ["list", "watch"] { used.insert("\(verb) \(kind.group)/\(kind.plural)") }
    }
    #expect(rights == used)
  }
}
