// SPDX-License-Identifier: Apache-2.0

package import Kubernetes
package import Logging
import NIOCore
package import NIOPosix
package import Telemetry

/// Watches one cluster through its API server and tells every change of its resources.
///
/// Nothing is opened, and hardly anything held, before ``run()``.
package actor ClusterWatcher {
  package struct Options: Sendable {
    package var kinds = KubernetesKind.usual
    /// As people call the cluster; empty for what the access calls it, else its id.
    package var clusterName = ""
    package var watch = ListWatch.Limits()
    package var objects = ClusterState.Limits()
    /// Bytes of a page.
    package var pageBytes = 64 << 20
    /// Seconds for which a watch is asked to stay open, and for which the server may say nothing when
    /// it is asked for a list.
    package var watchSeconds = 300
    package var patienceSeconds: Int64 = 60

    package init() {}
  }

  /// How far a kind is known.
  package struct KindStatus: Hashable, Sendable {
    package var kind: KubernetesKind
    package var state: WatchState
    package var lists: Int
    package var watches: Int
    package var objects: Int
  }

  /// Gets to know how far each kind is known, whenever that changes.
  package typealias Observer = @Sendable ([KindStatus]) -> Void
  package typealias Sink = @Sendable ([ResourceChange]) async -> Void

  private let access: ClusterAccess
  private let options: Options
  private let group: MultiThreadedEventLoopGroup
  private let logger: Logger
  private let now: @Sendable () -> Timestamp
  private let sink: Sink
  private let observer: Observer
  private let credentials: CredentialHolder
  private var machines: [KubernetesKind: ListWatch] = [:]
  private var cluster: ClusterState?
  private var random = SystemRandomNumberGenerator()
  /// What was last logged of a kind, so that it is said once.
  private var told: [KubernetesKind: String] = [:]
  private var trouble: WatchTrouble?

  /// - Parameters:
  ///   - now: the time of day.
  ///   - observer: told from within; must not wait.
  ///   - sink: gets the changes in order; the watch waits for it.
  package init(
    _ access: ClusterAccess, options: Options = Options(), group: MultiThreadedEventLoopGroup,
    logger: Logger, now: @escaping @Sendable () -> Timestamp,
    observer: @escaping Observer = { _ in }, sink: @escaping Sink
  ) {
    self.access = access
    self.options = options
    self.group = group
    self.logger = logger
    self.now = now
    self.sink = sink
    self.observer = observer
    credentials = CredentialHolder(access.credentials)
  }

  /// The cluster's id; nil as long as the API server has not said it.
  package var clusterID: String? { cluster?.scope.id }

  /// How far each kind is known, in the order in which they are asked for.
  package var status: [KindStatus] {
    options.kinds.map { kind in
      let machine = machines[kind]
      let state = trouble.map { WatchState.waiting($0, milliseconds: 0) } ?? .starting
      return KindStatus(
        kind: kind, state: machine?.state ?? state, lists: machine?.lists ?? 0,
        watches: machine?.watches ?? 0, objects: cluster?.count(of: kind) ?? 0)
    }
  }

  /// Lists every kind, then watches all of them, until the task is cancelled.
  package func run() async {
    guard await findCluster() else { return }
    for kind in options.kinds {
      // Another number for each, so that they do not end together.
      machines[kind] = ListWatch(
        kind, watchSeconds: options.watchSeconds + Int.random(in: 0...60, using: &random),
        limits: options.watch)
    }
    await withTaskGroup { tasks in
      for kind in options.kinds {
        // What others refer to is listed before them; one that cannot be listed holds nobody up.
        while !Task.isCancelled, isBeingListed(kind) { await step(kind) }
        tasks.addTask { await self.follow(kind) }
      }
    }
  }

  private func isBeingListed(_ kind: KubernetesKind) -> Bool {
    switch machines[kind]?.state {
    case .starting, .listing: true
    default: false
    }
  }

  private func follow(_ kind: KubernetesKind) async {
    while !Task.isCancelled { await step(kind) }
  }

  /// Asks for the namespace whose id is the cluster's.
  private func findCluster() async -> Bool {
    var backoff = WatchBackoff()
    let path = KubernetesKind.namespace.path + "/kube-system"
    while !Task.isCancelled {
      do {
        let body = try await ask(path)
        let found = try KubernetesObject(.namespace, body.span)
        let id = found.metadata.uid
        guard !id.isEmpty else { throw WatchTrouble.malformed("a namespace without a UID") }
        let names = [options.clusterName, access.clusterName, id]
        let cluster = ClusterState(
          id: id, name: names.first { !$0.isEmpty } ?? id, limits: options.objects)
        self.cluster = cluster
        trouble = nil
        logger.info("Watching the cluster \(cluster.name) at \(access.host)")
        await sink([cluster.clusterReport(since: found.metadata.created ?? now())])
        return true
      } catch {
        let trouble = APIConnection.trouble(error)
        if trouble == .unauthorized { await credentials.refused() }
        if self.trouble != trouble {
          logger.warning("The cluster at \(access.host) is not known: \(trouble)")
        }
        self.trouble = trouble
        observer(status)
        let milliseconds = backoff.next(trouble, jitter: random.next())
        try? await Task.sleep(for: .milliseconds(milliseconds))
      }
    }
    return false
  }

  /// One whole answer.
  private func ask(_ path: String) async throws -> [UInt8] {
    let present = try await credentials.present(at: now())
    let channel = try await APIConnection.open(
      access, as: present, patience: .seconds(options.patienceSeconds), group: group)
    return try await channel.executeThenClose { inbound, outbound in
      var connection = APIConnection(access, token: present.token, inbound, outbound)
      let head = try await connection.get(path)
      let body = try await connection.body(limit: options.pageBytes)
      guard head.status == 200 else {
        throw WatchTrouble(
          status: head.status, body: body.span, retryAfterSeconds: head.retryAfterSeconds)
      }
      return body
    }
  }

  /// Does what a kind's machine asks for: a pause, pages until the list is whole, or a watch.
  private func step(_ kind: KubernetesKind) async {
    guard let request = machines[kind]?.request else { return }
    if case .pause(let milliseconds) = request {
      try? await Task.sleep(for: .milliseconds(milliseconds))
      machines[kind]?.resume()
      return
    }
    do {
      let isWatch = if case .watch = request { true } else { false }
      let present = try await credentials.present(at: now())
      let patience = isWatch ? Int64(options.watchSeconds + 90) : options.patienceSeconds
      let channel = try await APIConnection.open(
        access, as: present, patience: .seconds(patience), group: group)
      try await channel.executeThenClose { inbound, outbound in
        var connection = APIConnection(access, token: present.token, inbound, outbound)
        while case .list(let path) = machines[kind]?.request, !isWatch {
          guard try await list(kind, path, &connection) else { return }
        }
        if case .watch(let path) = machines[kind]?.request, isWatch {
          try await watch(kind, path, &connection)
        }
      }
    } catch {
      guard !Task.isCancelled else { return }
      let trouble = APIConnection.trouble(error)
      if trouble == .unauthorized { await credentials.refused() }
      machines[kind]?.fail(trouble, jitter: random.next())
    }
    tell(kind)
  }

  /// - Returns: whether the connection may be used again.
  private func list(
    _ kind: KubernetesKind, _ path: String, _ connection: inout APIConnection
  ) async throws -> Bool {
    let began = now()
    let head = try await connection.get(path)
    let body = try await connection.body(limit: options.pageBytes)
    guard head.status == 200 else {
      throw WatchTrouble(
        status: head.status, body: body.span, retryAfterSeconds: head.retryAfterSeconds)
    }
    var events: [ListWatch.Event] = []
    machines[kind]?.listed(
      body.span, began: began, at: now(), jitter: random.next(), into: &events)
    await deliver(events, of: kind)
    return head.isKeptAlive
  }

  private func watch(
    _ kind: KubernetesKind, _ path: String, _ connection: inout APIConnection
  ) async throws {
    let head = try await connection.get(path)
    guard head.status == 200 else {
      let body = try await connection.body(limit: 1 << 20)
      throw WatchTrouble(
        status: head.status, body: body.span, retryAfterSeconds: head.retryAfterSeconds)
    }
    machines[kind]?.opened(at: now())
    tell(kind)
    while let chunk = try await connection.more() {
      var events: [ListWatch.Event] = []
      machines[kind]?.received(chunk.span, at: now(), jitter: random.next(), into: &events)
      await deliver(events, of: kind)
      if machines[kind]?.isStreaming != true { return }
    }
    machines[kind]?.closed(jitter: random.next())
  }

  private func deliver(_ events: [ListWatch.Event], of kind: KubernetesKind) async {
    var changes: [ResourceChange] = []
    for event in events { cluster?.apply(event, of: kind, into: &changes) }
    guard !changes.isEmpty else { return }
    await sink(changes)
    observer(status)
  }

  /// Says once what holds a kind up, and that it goes on.
  private func tell(_ kind: KubernetesKind) {
    guard let state = machines[kind]?.state else { return }
    observer(status)
    switch state {
    case .waiting(let trouble, _):
      let text = "\(trouble)"
      guard told[kind] != text else { return }
      told[kind] = text
      logger.warning("\(kind.plural): \(text)")
    case .watching where told[kind] != nil:
      told[kind] = nil
      logger.info("\(kind.plural) are watched again")
    default: break
    }
  }
}
