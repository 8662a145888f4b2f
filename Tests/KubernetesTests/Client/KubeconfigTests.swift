// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TestSupport
import Testing

@testable import KubernetesClient

@Suite struct KubeconfigTests {
  private static let file = """
    apiVersion: v1
    kind: Config
    current-context: here
    contexts:
    - name: here
      context: {cluster: prod, user: me, namespace: shop}
    - {name: files, context: {cluster: lab, user: files}}
    - {name: plugin, context: {cluster: open, user: plugin}}
    - {name: lost, context: {cluster: nowhere, user: me}}
    - {name: proxied, context: {cluster: proxied}}
    - {name: old, context: {cluster: lab, user: old}}
    - {name: nobody, context: {cluster: lab}}
    clusters:
    - name: prod
      cluster: {server: "https://api.example:6443/base/", certificate-authority-data: QUJD, tls-server-name: x}
    - {name: lab, cluster: {server: "https://[fd00::1]", certificate-authority: ca.pem}}
    - {name: open, cluster: {server: "http://10.0.0.1:8080", insecure-skip-tls-verify: true}}
    - {name: proxied, cluster: {server: "https://a", proxy-url: "http://p"}}
    users:
    - {name: me, user: {token: abc}}
    - {name: files, user: {client-certificate: c.pem, client-key: /k.pem}}
    - {name: old, user: {username: u, password: p}}
    - name: plugin
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          command: ./say
          args: [one, two]
          env: [{name: A, value: b}]
    """

  private func access(_ context: String?) throws -> ClusterAccess {
    try Kubeconfig(text: Self.file, name: "config", folder: "/home/me/.kube")
      .access(context: context)
  }

  @Test func theCurrentContextIsTaken() throws {
    #expect(
      try access(nil)
        == ClusterAccess(
          host: "api.example", port: 6_443, basePath: "/base",
          authority: .certificates(Array("ABC".utf8)), serverName: "x",
          credentials: .token("abc"), clusterName: "prod"))
  }

  @Test func pathsBeginWhereTheFileIs() throws {
    #expect(
      try access("files")
        == ClusterAccess(
          host: "fd00::1", port: 443, authority: .file("/home/me/.kube/ca.pem"),
          credentials: .certificateFiles(chain: "/home/me/.kube/c.pem", key: "/k.pem"),
          clusterName: "lab"))
    var plugin = CredentialPlugin(
      command: "/home/me/.kube/./say", apiVersion: "client.authentication.k8s.io/v1")
    plugin.arguments = ["one", "two"]
    plugin.environment = ["A": "b"]
    #expect(
      try access("plugin")
        == ClusterAccess(
          host: "10.0.0.1", port: 8_080, isTLS: false, authority: .unchecked,
          credentials: .plugin(plugin), clusterName: "open"))
    #expect(try access("nobody").credentials == .none)
  }

  @Test(arguments: [
    ("lost", "config has no cluster 'nowhere' in clusters"),
    ("missing", "config has no context 'missing' in contexts"),
    ("proxied", "config cluster 'proxied' has a proxy-url, which is not supported"),
    (
      "old",
      "config user 'old' has a password, which is not supported; use a token, a certificate or exec"
    ),
  ]) func whatCannotBeUsedIsSaid(context: String, text: String) {
    #expect(throws: ClusterAccessError(text)) { try access(context) }
  }

  @Test(arguments: ["", "[1]", "a: [", "current-context: x"]) func whatIsNoKubeconfigIsSaid(
    text: String
  ) {
    #expect(throws: ClusterAccessError.self) {
      try Kubeconfig(text: text, name: "config", folder: ".").access()
    }
  }

  @Test(arguments: [
    ("https://a:1/b", true), ("https://a", true), ("a:443", false), ("ftp://a", false),
    ("https://", false), ("https://a:0", false), ("https://a:70000", false),
    ("https://u@a", false), ("https://a/?x", false),
  ]) func aServerIsAnAddress(text: String, isOne: Bool) {
    #expect((ClusterAccess.server(text) != nil) == isOne)
  }

  @Test func aPodAsksItsOwnCluster() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "metaflow-account-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let variables = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
    #expect(throws: ClusterAccessError.self) {
      try ClusterAccess.serviceAccount(in: folder, variables)
    }
    try Data("t".utf8).write(to: URL(filePath: folder + "/token"))
    #expect(throws: ClusterAccessError.self) {
      try ClusterAccess.serviceAccount(in: folder, [:])
    }
    #expect(
      try ClusterAccess.serviceAccount(in: folder, variables)
        == ClusterAccess(
          host: "10.96.0.1", port: 443, authority: .file(folder + "/ca.crt"),
          credentials: .tokenFile(folder + "/token")))
  }
}

/// Programs that say who we are.
@Suite struct CredentialPluginTests {
  private func holder(_ script: String, expires: String = "") -> CredentialHolder {
    var plugin = CredentialPlugin(
      command: "sh", apiVersion: "client.authentication.k8s.io/v1")
    plugin.arguments = ["-c", script]
    plugin.environment = ["WORD": "secret"]
    return CredentialHolder(.plugin(plugin))
  }

  private func time(_ second: Int64) -> Timestamp { Timestamp(seconds: second) }

  @Test func itSaysATokenUntilThatRunsOut() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "metaflow-plugin-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let holder = holder(
      """
      echo x >> \(folder); N=$(wc -l < \(folder))
      echo "$KUBERNETES_EXEC_INFO" | grep -q ExecCredential || exit 3
      echo "{\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"$WORD-$N\\",\\"expirationTimestamp\\":\\"1970-01-01T00:16:40Z\\"}}"
      """)
    #expect(try await holder.present(at: time(0)).token == "secret-1")
    #expect(try await holder.present(at: time(960)).token == "secret-1")
    #expect(try await holder.present(at: time(980)).token == "secret-2")
    await holder.refused()
    #expect(try await holder.present(at: time(0)).token == "secret-3")
  }

  @Test(arguments: [
    ("exit 7", "ended with status 7"), ("echo '{}'", "says no ExecCredential"),
    ("echo '{\"status\":{}}'", "says no ExecCredential"),
    ("cat /dev/zero", "says more than 1 MiB"),
  ]) func whatItDoesWrongIsSaid(script: String, text: String) async {
    let error = await #expect(throws: ClusterAccessError.self) {
      try await holder(script).present(at: time(0))
    }
    #expect(error?.description.contains(text) == true, "\(String(describing: error))")
  }

  @Test func oneThatIsNotThereIsSaid() async {
    let holder = CredentialHolder(
      .plugin(CredentialPlugin(command: "/nowhere/at-all", apiVersion: "x")))
    let error = await #expect(throws: ClusterAccessError.self) {
      try await holder.present(at: time(0))
    }
    #expect(error?.description.contains("/nowhere/at-all cannot be started") == true)
  }
}
