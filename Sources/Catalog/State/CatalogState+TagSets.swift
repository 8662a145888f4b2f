// SPDX-License-Identifier: Apache-2.0

import Telemetry

extension CatalogState {
  /// The number of the service, given now when it is new; 0 when the table is full.
  mutating func service(_ kind: ServiceEntry.Kind, _ name: String) -> UInt32 {
    let key = ServiceName(kind: kind, name: name)
    if let number = serviceNumbers[key] { return number }
    guard services.count < limits.services else {
      refusals.services &+= 1
      return 0
    }
    let entry = ServiceEntry(number: UInt32(services.count + 1), kind: kind, name: name)
    services.append(entry)
    serviceNumbers[key] = entry.number
    note(.service(entry))
    return entry.number
  }

  /// The tag set with these values, begun now when the combination is new.
  private mutating func tagSet(
    _ kind: ServiceEntry.Kind, service name: String, values: (String) -> String
  ) -> EndTags {
    let number = service(kind, name)
    let list = TagSet.names.map(values)
    if let known = tagSetNumbers[list] {
      return EndTags(tagSet: known, service: number, serviceKind: kind)
    }
    guard tagSets.count < limits.tagSets else {
      refusals.tagSets &+= 1
      return EndTags(tagSet: 0, service: number, serviceKind: kind)
    }
    let entry = TagSet(
      number: UInt32(tagSets.count + 1), service: number, serviceKind: kind, values: list)
    tagSets.append(entry)
    tagSetNumbers[list] = entry.number
    note(.tagSet(entry))
    return EndTags(tagSet: entry.number, service: number, serviceKind: kind)
  }

  /// The tags of a run of a process. A tag of Telemetry's list gets its value here.
  mutating func tags(of run: ProcessRun) -> EndTags {
    let process = processes[Int(run.process) - 1].identity
    let host = hosts[run.key.agent]?.report.hostname ?? ""
    return tagSet(.process, service: process.name) { tag in
      switch tag {
      case "auto_service", "gprocess": process.name
      case "auto_instance": host.isEmpty ? process.name : process.name + "@" + host
      case "host": host
      case "container": run.containerID
      case "os_user": String(run.userID)
      case "command_line": process.commandLine
      default: ""
      }
    }
  }

  /// The tags of an end on `agent`'s host of which the process is not known.
  mutating func tags(of host: HostEntry) -> EndTags {
    let name = host.report.hostname
    return tagSet(.host, service: name) { tag in
      switch tag {
      case "auto_service", "auto_instance", "host": name
      default: ""
      }
    }
  }
}
