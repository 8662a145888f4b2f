// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Yams

/// A kubeconfig file, as `kubectl` reads it.
package struct Kubeconfig {
  private let name: String
  /// Where paths in the file begin.
  private let folder: String
  private let root: Node

  package init(path: String) throws(ClusterAccessError) {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw ClusterAccessError("\(path) cannot be read: is it there, and a text file?")
    }
    let slash = path.lastIndex(of: "/")
    try self.init(text: text, name: path, folder: slash.map { String(path[..<$0]) } ?? ".")
  }

  package init(text: String, name: String, folder: String) throws(ClusterAccessError) {
    self.name = name
    self.folder = folder
    do {
      guard let root = try compose(yaml: text), root.mapping != nil else {
        throw ClusterAccessError("\(name) is no kubeconfig: it has no keys")
      }
      self.root = root
    } catch let error as ClusterAccessError {
      throw error
    } catch {
      throw ClusterAccessError("\(name) is not YAML: \(error)")
    }
  }

  /// How the cluster of a context is reached.
  ///
  /// - Parameter context: its name; nil for the one that the file calls current.
  package func access(context: String? = nil) throws(ClusterAccessError) -> ClusterAccess {
    guard let context = context ?? text(root, "current-context"), !context.isEmpty else {
      throw fault("has no current-context; say which context with kubernetes.context")
    }
    let chosen = try entry("contexts", context, "context")
    guard let clusterName = text(chosen, "cluster") else {
      throw fault("context '\(context)' names no cluster")
    }
    let cluster = try entry("clusters", clusterName, "cluster")
    guard let url = text(cluster, "server"), let server = ClusterAccess.server(url) else {
      throw fault(
        "cluster '\(clusterName)' has no server such as https://10.0.0.1:6443")
    }
    guard text(cluster, "proxy-url") == nil else {
      throw fault("cluster '\(clusterName)' has a proxy-url, which is not supported")
    }
    var access = ClusterAccess(
      host: server.host, port: server.port, isTLS: server.isTLS, basePath: server.basePath,
      authority: .system, serverName: text(cluster, "tls-server-name"), credentials: .none,
      clusterName: clusterName)
    if text(cluster, "insecure-skip-tls-verify") == "true" {
      access.authority = .unchecked
    } else if let data = text(cluster, "certificate-authority-data") {
      access.authority = .certificates(try decoded(data, "certificate-authority-data"))
    } else if let file = text(cluster, "certificate-authority") {
      access.authority = .file(path(file))
    }
    if let user = text(chosen, "user"), !user.isEmpty {
      access.credentials = try credentials(try entry("users", user, "user"), user)
    }
    return access
  }

  private func credentials(
    _ user: Node, _ name: String
  ) throws(ClusterAccessError) -> ClusterAccess.Credentials {
    if let token = text(user, "token") { return .token(token) }
    if let file = text(user, "tokenFile") { return .tokenFile(path(file)) }
    let chain = text(user, "client-certificate-data")
    let key = text(user, "client-key-data")
    if let chain, let key {
      return .certificate(
        chain: try decoded(chain, "client-certificate-data"),
        key: try decoded(key, "client-key-data"))
    }
    if let chain = text(user, "client-certificate"), let key = text(user, "client-key") {
      return .certificateFiles(chain: path(chain), key: path(key))
    }
    if let plugin = member(user, "exec") { return .plugin(try self.plugin(plugin, name)) }
    for (key, words) in [
      ("username", "a password"), ("auth-provider", "an auth-provider"),
      ("client-certificate-data", "a client certificate without its key beside it"),
      ("client-certificate", "a client certificate without its key beside it"),
    ] where member(user, key) != nil {
      throw fault(
        "user '\(name)' has \(words), which is not supported; use a token, a certificate or exec")
    }
    return .none
  }

  private func plugin(_ node: Node, _ user: String) throws(ClusterAccessError) -> CredentialPlugin {
    guard let command = text(node, "command"), !command.isEmpty,
      let version = text(node, "apiVersion"), version.hasPrefix("client.authentication.k8s.io/")
    else {
      throw fault(
        "the exec of user '\(user)' needs a command and an apiVersion of client.authentication.k8s.io"
      )
    }
    var plugin = CredentialPlugin(
      command: command.contains("/") ? path(command) : command, apiVersion: version)
    plugin.arguments = member(node, "args")?.sequence?.compactMap(\.string) ?? []
    for variable in member(node, "env")?.sequence ?? [] {
      guard let name = text(variable, "name") else { continue }
      plugin.environment[name] = text(variable, "value") ?? ""
    }
    return plugin
  }

  /// The entry called `wanted` of one of the file's lists.
  private func entry(
    _ list: String, _ wanted: String, _ content: String
  ) throws(ClusterAccessError) -> Node {
    for entry in member(root, list)?.sequence ?? [] where text(entry, "name") == wanted {
      if let node = member(entry, content), node.mapping != nil { return node }
    }
    throw fault("has no \(content) '\(wanted)' in \(list)")
  }

  private func member(_ node: Node, _ key: String) -> Node? { node.mapping?[Node(key)] }

  private func text(_ node: Node, _ key: String) -> String? {
    guard let text = member(node, key)?.string, !text.isEmpty else { return nil }
    return text
  }

  private func path(_ path: String) -> String {
    path.hasPrefix("/") ? path : folder + "/" + path
  }

  private func decoded(_ text: String, _ key: String) throws(ClusterAccessError) -> [UInt8] {
    guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty
    else { throw fault("\(key) is not base64") }
    return Array(data)
  }

  private func fault(_ text: String) -> ClusterAccessError { ClusterAccessError("\(name) \(text)") }
}
