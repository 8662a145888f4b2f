// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import Kubernetes

/// What a test API server knows: objects with their versions, and everything that happened to them.
actor TestCluster {
  /// What is wrong with the server now.
  enum Fault: Equatable {
    case none
    /// It refuses with this status, all or one kind.
    case refuses(Int, KubernetesKind?)
    /// It takes requests and says nothing.
    case silent
    /// It says what is no JSON.
    case garbled
    /// Connections end in the middle of an answer.
    case cut
  }

  struct Watcher {
    var kind: KubernetesKind
    var wake: AsyncStream<Void>.Continuation
  }

  private struct Happening {
    var version: Int
    var line: [UInt8]
  }

  private var items: [KubernetesKind: [(uid: String, object: Any)]] = [:]
  private var log: [KubernetesKind: [Happening]] = [:]
  private var versions: [KubernetesKind: Int] = [:]
  private var pages: [String: (kind: KubernetesKind, rest: [Any], version: Int)] = [:]
  private var watchers: [Int: Watcher] = [:]
  private var lastWatcher = 0
  /// How often it has forgotten what happened. Versions of before are told to be too old: those that a
  /// list says since then are greater by a million each time.
  private var generation = 0
  private(set) var fault = Fault.none
  private(set) var requests: [String] = []
  /// Tokens that are taken; nil for anybody.
  private(set) var tokens: Set<String>?
  let pageSize: Int
  /// Whether a watch that is too late is refused by its status, or by an event.
  private var refusesByStatus = false

  init(pageSize: Int = 500) {
    self.pageSize = pageSize
  }

  /// Puts in a list as an API server said it.
  func load(_ kind: KubernetesKind, _ list: [UInt8]) throws {
    let list = try JSONSerialization.jsonObject(with: Data(list)) as? [String: Any] ?? [:]
    let objects = list["items"] as? [Any] ?? []
    items[kind] = objects.map { (Self.metadata($0)["uid"] as? String ?? "", $0) }
    let metadata = list["metadata"] as? [String: Any]
    versions[kind] = Int(metadata?["resourceVersion"] as? String ?? "") ?? 0
  }

  /// Something happens, as an API server told it in a line of a watch.
  func happen(_ kind: KubernetesKind, _ line: [UInt8]) throws {
    let event = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] ?? [:]
    guard let object = event["object"], let type = event["type"] as? String else { return }
    let metadata = Self.metadata(object)
    let version = Int(metadata["resourceVersion"] as? String ?? "") ?? 0
    let uid = metadata["uid"] as? String ?? ""
    if type != "BOOKMARK" {
      let index = items[kind, default: []].firstIndex { $0.uid == uid }
      switch (type, index) {
      case ("DELETED", let index?): items[kind]?.remove(at: index)
      case (_, let index?): items[kind]?[index].object = object
      default: items[kind, default: []].append((uid, object))
      }
    }
    versions[kind] = max(versions[kind] ?? 0, version)
    log[kind, default: []].append(Happening(version: version, line: line))
    wake(kind)
  }

  private func wake(_ kind: KubernetesKind? = nil) {
    for watcher in watchers.values where kind == nil || watcher.kind == kind {
      watcher.wake.yield()
    }
  }

  private static func metadata(_ object: Any) -> [String: Any] {
    (object as? [String: Any])?["metadata"] as? [String: Any] ?? [:]
  }

  // MARK: Trouble

  func set(_ fault: Fault) {
    self.fault = fault
    if fault != .none { disconnect() }
  }

  func take(only tokens: Set<String>) {
    self.tokens = tokens
    disconnect()
  }

  /// Ends every watch, in whatever it is saying.
  func disconnect() {
    for watcher in watchers.values { watcher.wake.finish() }
    watchers = [:]
  }

  /// Forgets what happened so far: whoever wants to go on from there is too late.
  func compact(refusingByStatus: Bool) {
    refusesByStatus = refusingByStatus
    generation += 1
    pages = [:]
    disconnect()
  }

  // MARK: Answering

  func note(_ request: String) {
    requests.append(request)
  }

  func object(_ kind: KubernetesKind, named name: String) -> [UInt8]? {
    let object = items[kind]?.first { Self.metadata($0.object)["name"] as? String == name }?.object
    return object.flatMap { try? Array(JSONSerialization.data(withJSONObject: $0)) }
  }

  /// A page; nil where the token is too old.
  func page(_ kind: KubernetesKind, limit: Int, token: String) throws -> [UInt8]? {
    var rest: [Any]
    var version = versions[kind] ?? 0
    if token.isEmpty {
      rest = items[kind, default: []].map(\.object)
    } else {
      guard let page = pages[token], page.kind == kind else { return nil }
      rest = page.rest
      version = page.version
    }
    let size = min(limit, pageSize)
    var metadata = ["resourceVersion": "\(version + generation * 1_000_000)"]
    if rest.count > size {
      let next = "page/\(pages.count)=\(version)"
      pages[next] = (kind, Array(rest.dropFirst(size)), version)
      metadata["continue"] = next
      rest = Array(rest.prefix(size))
    }
    return try Array(
      JSONSerialization.data(
        withJSONObject: ["kind": kind.rawValue + "List", "metadata": metadata, "items": rest]))
  }

  enum WatchAnswer {
    case open(Int, AsyncStream<Void>)
    case tooOld(byStatus: Bool)
  }

  func watch(_ kind: KubernetesKind, from version: Int) -> WatchAnswer {
    guard version / 1_000_000 >= generation else { return .tooOld(byStatus: refusesByStatus) }
    let (stream, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    lastWatcher += 1
    watchers[lastWatcher] = Watcher(kind: kind, wake: wake)
    wake.yield()
    return .open(lastWatcher, stream)
  }

  /// What happened behind the first `count` lines and after the version; and how many lines there are.
  func lines(_ kind: KubernetesKind, after version: Int, beyond count: Int) -> ([[UInt8]], Int) {
    let log = log[kind] ?? []
    let from = version % 1_000_000
    return (log.dropFirst(count).filter { $0.version > from }.map(\.line), log.count)
  }

  func isOpen(_ watcher: Int) -> Bool { watchers[watcher] != nil }

  /// How many watches are open.
  var watching: Int { watchers.count }
}
