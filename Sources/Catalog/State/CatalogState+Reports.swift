// SPDX-License-Identifier: Apache-2.0

package import Telemetry

extension CatalogState {
  /// Takes in what an agent says of its host. A new hostname begins new tag sets for every process
  /// on it; a new boot forgets the processes of the last one, whose keys mean nothing any more.
  package mutating func learn(_ report: HostReport, agent: UInt16) {
    let report = bounded(report)
    let old = hosts[agent]?.report
    guard report != old else { return }
    let entry = HostEntry(agent: agent, report: report)
    hosts[agent] = entry
    note(.host(entry))
    replaceAddresses(of: agent, old?.addresses ?? [], with: report.addresses)
    if let old, old.bootID != report.bootID {
      for key in keys(of: agent) { forget(key) }
      listeners.remove(agent: agent)
    }
    guard old?.hostname != report.hostname else { return }
    hostTags[agent] = report.hostname.isEmpty ? nil : tags(of: entry)
    for key in keys(of: agent) {
      guard let run = runs[key]?.run else { continue }
      let renamed = tags(of: run)
      runs[key]?.tags = renamed
    }
    listeners.remove(agent: agent)
  }

  /// Takes in what an agent says of a process. Saying it again changes nothing; saying something
  /// else of the same run (it executed another program) begins another tag set.
  package mutating func learn(_ report: ProcessReport, agent: UInt16) {
    guard report.key != .unknown else { return }
    guard let process = process(of: report, agent: agent) else { return }
    let key = ProcessRun.Key(agent: agent, process: report.key)
    let run = ProcessRun(
      key: key, process: process, userID: report.userID,
      networkNamespace: report.networkNamespace,
      containerID: Self.cut(report.containerID, limits.nameBytes), endedAt: 0)
    remember(run)
  }

  /// Notes that a process has ended, in seconds since the epoch.
  package mutating func end(_ process: ProcessKey, agent: UInt16, second: UInt32) {
    let key = ProcessRun.Key(agent: agent, process: process)
    guard var run = runs[key]?.run, run.endedAt == 0 else { return }
    run.endedAt = max(1, second)
    runs[key]?.run = run
    note(.run(run))
  }

  /// Forgets the processes that ended long before `second`.
  package mutating func forgetEnded(before second: UInt32) {
    for (key, tagged) in runs where tagged.run.endedAt != 0 {
      if tagged.run.endedAt &+ limits.endedRunSeconds <= second { forget(key) }
    }
  }

  /// Puts a run into the table, makes room for it, and writes it down when it says something new.
  mutating func remember(_ run: ProcessRun) {
    if let known = runs[run.key]?.run, known == run { return }
    if runs[run.key] == nil {
      if runsOfAgent[run.key.agent, default: 0] >= limits.runsPerAgent {
        evictRuns(of: run.key.agent)
      }
      runsOfAgent[run.key.agent, default: 0] += 1
    }
    lastRunSerial += 1
    let tags = tags(of: run)
    runs[run.key] = TaggedRun(run: run, tags: tags, serial: lastRunSerial)
    note(.run(run))
  }

  /// Drops the older half of an agent's runs, ended ones first, so that the work is rare.
  private mutating func evictRuns(of agent: UInt16) {
    let ordered = runs.values.filter { $0.run.key.agent == agent }.sorted {
      ($0.run.endedAt == 0 ? 1 : 0, $0.serial) < ($1.run.endedAt == 0 ? 1 : 0, $1.serial)
    }
    for tagged in ordered.prefix(max(1, ordered.count / 2)) {
      if tagged.run.endedAt == 0 { refusals.runs &+= 1 }
      forget(tagged.run.key)
    }
  }

  mutating func forget(_ key: ProcessRun.Key) {
    guard runs.removeValue(forKey: key) != nil else { return }
    let left = runsOfAgent[key.agent, default: 1] - 1
    runsOfAgent[key.agent] = left > 0 ? left : nil
    note(.runGone(key))
  }

  /// In the order in which they came, so that the numbers given to them do not depend on hashing.
  func keys(of agent: UInt16) -> [ProcessRun.Key] {
    runs.values.filter { $0.run.key.agent == agent }.sorted { $0.serial < $1.serial }
      .map(\.run.key)
  }

  /// The number of the process that `report` is a run of; nil when the table is full.
  private mutating func process(of report: ProcessReport, agent: UInt16) -> UInt32? {
    var name = Self.cut(report.name, limits.nameBytes)
    if name.isEmpty { name = Self.cut(report.kernelName, limits.nameBytes) }
    if name.isEmpty { name = "unnamed" }
    var identity = ProcessEntry.Identity(
      agent: agent, name: name, executable: Self.cut(report.executable, limits.commandLineBytes),
      commandLine: Self.cut(report.commandLine, limits.commandLineBytes))
    if let known = processNumbers[identity] { return known }
    if commandLines[identity.group, default: 0] >= limits.commandLinesPerName {
      refusals.commandLines &+= 1
      identity.commandLine = ""
      if let known = processNumbers[identity] { return known }
    }
    guard processes.count < limits.processes,
      processesOfAgent[agent, default: 0] < limits.processesPerAgent,
      let number = pools[.process].take()
    else {
      refusals.processes &+= 1
      return nil
    }
    let entry = ProcessEntry(number: number, identity: identity)
    add(entry)
    note(.process(entry))
    return entry.number
  }

  mutating func add(_ entry: ProcessEntry) {
    let identity = entry.identity
    processes[entry.number] = identity
    processNumbers[identity] = entry.number
    processesOfAgent[identity.agent, default: 0] += 1
    commandLines[identity.group, default: 0] += 1
  }

  mutating func removeProcess(_ number: UInt32) {
    guard let identity = processes.removeValue(forKey: number) else { return }
    processNumbers[identity] = nil
    let ofAgent = processesOfAgent[identity.agent, default: 1] - 1
    processesOfAgent[identity.agent] = ofAgent > 0 ? ofAgent : nil
    let ofName = commandLines[identity.group, default: 1] - 1
    commandLines[identity.group] = ofName > 0 ? ofName : nil
  }

  private mutating func bounded(_ report: HostReport) -> HostReport {
    var report = report
    report.hostname = Self.cut(report.hostname, limits.nameBytes)
    report.machineID = Self.cut(report.machineID, limits.nameBytes)
    report.bootID = Self.cut(report.bootID, limits.nameBytes)
    report.kernelRelease = Self.cut(report.kernelRelease, limits.nameBytes)
    report.operatingSystem = Self.cut(report.operatingSystem, limits.nameBytes)
    report.architecture = Self.cut(report.architecture, limits.nameBytes)
    let excess = report.addresses.count - limits.addressesPerHost
    if excess > 0 {
      refusals.addresses &+= UInt64(excess)
      report.addresses.removeLast(excess)
    }
    for index in report.addresses.indices {
      report.addresses[index].interface = Self.cut(report.addresses[index].interface, 64)
    }
    return report
  }

  mutating func replaceAddresses(
    of agent: UInt16, _ old: [HostReport.Address], with new: [HostReport.Address]
  ) {
    for address in Set(old.map(\.address)) {
      addressOwners[address]?.removeAll { $0 == agent }
      if addressOwners[address]?.isEmpty == true { addressOwners[address] = nil }
    }
    for address in Set(new.map(\.address)) where !address.isLoopback && !address.isUnspecified {
      addressOwners[address, default: []].append(agent)
    }
  }
}

extension ProcessEntry.Identity {
  /// What command lines of one program on one host are counted under.
  fileprivate var group: ProcessEntry.Identity {
    ProcessEntry.Identity(agent: agent, name: name, executable: "", commandLine: "")
  }
}
