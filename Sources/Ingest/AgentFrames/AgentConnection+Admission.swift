// SPDX-License-Identifier: Apache-2.0

import Catalog
import Logging
import NIOCore
import NIOPosix
import Telemetry
import Wire

/// What the catalog and the journal say of an agent that has said hello.
struct Admission: Sendable {
  var agent: UInt16
  var mark: AgentMark
  var identity: String
  var isConfirmed: Bool
}

/// Who the agent is: its number, and when that is its own for good.
extension AgentConnection {
  func admit(_ hello: Hello) {
    guard let context else { return }
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    let (catalog, journal) = (intake.catalog, intake.journal)
    let identity = hello.identity.machineID + "/" + hello.identity.instance
    let protocols = hello.protocols.map {
      ProtocolEntry(number: $0.number.rawValue, name: $0.name)
    }
    let (hostname, version, cluster) = (hello.hostname, hello.agentVersion, hello.cluster)
    workers.runIfActive(eventLoop: context.eventLoop) { () -> Admission in
      let agent = try catalog.greet(
        identity: identity, hostname: hostname, version: version, protocols: protocols,
        cluster: cluster)
      return Admission(
        agent: agent, mark: journal.mark(of: agent), identity: identity,
        isConfirmed: catalog.withState { $0.isConfirmed(identity) })
    }.whenComplete { result in
      own.value.admitted(result, hello)
    }
  }

  private func admitted(_ result: Result<Admission, any Error>, _ hello: Hello) {
    guard let context, session.phase == .admitting else {
      if case .success(let admission) = result {
        intake.catalog.withState { $0.agentLeft(admission.identity) }
      }
      return
    }
    switch result {
    case .success(let admission):
      let (agent, mark) = (admission.agent, admission.mark)
      identity = admission.identity
      isConfirmed = admission.isConfirmed
      connections.bind(agent, to: context.channel)
      self.agent = agent
      intake.presence.arrived(agent, hello)
      acknowledged = mark.sequence
      intake.logger.info(
        "An agent has connected.",
        metadata: [
          "agent": "\(agent)", "host": "\(hello.hostname)", "sequence": "\(mark.sequence)",
        ])
      send(session.admitted(agent: agent, mark), thenClose: false)
      offer(hello.cluster, agent)
    case .failure(let error):
      intake.logger.error("An agent cannot be taken.", metadata: ["error": "\(error)"])
      send(session.refused("\(error)"), thenClose: true)
    }
    proceed()
  }

  /// The agent could watch its cluster, if there is one.
  private func offer(_ cluster: String, _ agent: UInt16) {
    guard !cluster.isEmpty, let loop = context?.eventLoop else { return }
    let own = NIOLoopBound(self, eventLoop: loop)
    let candidate = ClusterWatchers.Candidate(agent: agent) { [logger = intake.logger] in
      logger.info("An agent watches its Kubernetes cluster.", metadata: ["agent": "\(agent)"])
      loop.execute { own.value.send(.order(Order(.watchCluster, isOn: true)), thenClose: false) }
    }
    candidacy = (cluster, intake.watchers.arrived(candidate, of: cluster))
  }

  /// Writes the agent down before its first batch is stored.
  func confirm(_ frame: EncodedFrame, _ head: BatchHead, _ agent: UInt16) {
    guard let context, let identity else { return }
    isConfirming = true
    let own = NIOLoopBound(self, eventLoop: context.eventLoop)
    workers.runIfActive(eventLoop: context.eventLoop) { [catalog = intake.catalog] in
      try catalog.confirmAgent(identity)
    }.whenComplete { result in
      own.value.confirmed(result, frame, head, agent)
    }
  }

  private func confirmed(
    _ result: Result<Void, any Error>, _ frame: EncodedFrame, _ head: BatchHead, _ agent: UInt16
  ) {
    isConfirming = false
    guard session.phase != .closed else { return }
    switch result {
    case .success:
      isConfirmed = true
      store(frame, head, agent)
    case .failure(let error):
      // Not acknowledged, so the agent sends it again.
      intake.logger.error("An agent cannot be written down.", metadata: ["error": "\(error)"])
      context?.close(promise: nil)
    }
    proceed()
  }
}
