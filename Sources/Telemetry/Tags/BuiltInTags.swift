// SPDX-License-Identifier: Apache-2.0

extension TagDeclaration {
  /// Every tag there is. A table offers those whose columns it has, and every tag-set tag when it has
  /// a tag set; SQL names, `SHOW tags`, the UI and the documentation follow from this list.
  package static let builtIn: [TagDeclaration] =
    resourceTags + endTags + callTags + networkTags + captureTags

  /// What the resources of a tag set tell. A new one is one line here and a value in the catalog.
  private static let resourceTags =
    resources(
      "Resource",
      [
        (
          "auto_service", "auto_service", ResourceValue.name, "Service",
          "Best name of the service: Kubernetes service, workload, process, or else the address."
        ),
        (
          "auto_instance", "auto_instance", ResourceValue.instance, "Instance",
          "Best name of the instance: pod, process and host, node, or else the address."
        ),
        (
          "gprocess", "process", ResourceValue.name, "Process",
          "Process name: the jar or script where one is run."
        ),
        (
          "host", "host", ResourceValue.name, "Host",
          "Host name of the machine the process runs on."
        ),
        (
          "container", "container", ResourceValue.name, "Container",
          "Container id of the process, where it runs in one."
        ),
        (
          "os_user", "process", "os_user", "OS user",
          "Numeric user id the process runs under."
        ),
        (
          "command_line", "process", "command_line", "Command line", "The process's arguments."
        ),
      ])
    + kubernetesTags
    + pairs(
      "Resource",
      [
        ("tag_set_id", .id, "Tag set", "Number of the combination of all tags of this side."),
        ("auto_service_id", .id, "Service id", "Number behind auto_service."),
      ])
    + [
      enumeration(
        "auto_service_type", sides: true,
        values: [
          0: "Internet IP", 1: "Cloud Host", 6: "Host", 10: "Pod", 11: "K8s Service",
          14: "K8s Node", 101: "Workload", 103: "K8s Cluster", 104: "Business Service",
          120: "Process", 130: "Deployment", 131: "StatefulSet", 132: "ReplicationController",
          133: "DaemonSet", 134: "ReplicaSet", 135: "CloneSet", 160: "Job", 161: "CronJob",
          172: "Ingress", 255: "IP",
        ],
        display: "Service type", category: "Resource", about: "What auto_service_id numbers."),
      TagDeclaration(
        "tag_source", .bits, source: .tagSet("tag_source"), sides: true,
        values: [
          EnumerationValue(1, "Process"), EnumerationValue(8, "Address"),
          EnumerationValue(16, "Peer"), EnumerationValue(32, "Agent"),
          EnumerationValue(128, "Unclear"),
        ],
        display: "Known by", category: "Resource",
        about: "By what the end was known; Unclear where two had its address in that second."),
    ]

  /// What a watcher of a cluster tells.
  private static let kubernetesTags =
    resources(
      "Kubernetes",
      [
        ("pod", "pod", ResourceValue.name, "Pod", "Pod."),
        (
          "pod_group", "pod_group", ResourceValue.name, "Workload",
          "Workload that made the pod: the deployment, not its replica set."
        ),
        ("pod_ns", "pod_ns", ResourceValue.name, "Namespace", "Namespace of the pod or service."),
        (
          "pod_node", "pod_node", ResourceValue.name, "Node", "Node of the pod, or the node itself."
        ),
        (
          "pod_service", "pod_service", ResourceValue.name, "K8s service",
          "Service that was called, or that the pod which calls belongs to."
        ),
        (
          "pod_ingress", "pod_ingress", ResourceValue.name, "Ingress", "Ingress before the service."
        ),
        ("pod_cluster", "pod_cluster", ResourceValue.name, "Cluster", "Cluster."),
        ("az", "az", ResourceValue.name, "Availability zone", "Availability zone of the node."),
        ("region", "region", ResourceValue.name, "Region", "Region of the node."),
        ("subnet", "subnet", ResourceValue.name, "Subnet", "Block of addresses it lies in."),
      ])

  private static let endTags =
    pairs("Network", [("ip", .address, "IP", "Address.")])
    + singles("Network", [("is_ipv4", .integer, "IPv4", "1 for IPv4 addresses.")])
    + [
      enumeration(
        "protocol", values: [1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 255: "UNIX"],
        display: "Transport",
        category: "Network", about: "IP protocol.")
    ]
    + singles(
      "Network",
      [
        ("client_port", .integer, "Client port", "Client's port."),
        ("server_port", .integer, "Server port", "Server's port."),
      ])
    + singles(
      "Network",
      [
        (
          "netns_id", .integer, "Network namespace",
          "Network namespace the call was seen in."
        )
      ])

  private static let callTags =
    [
      enumeration(
        "response_status",
        values: [
          0: "Success", 2: "Timeout", 3: "Server Error", 4: "Client Error", 5: "Unknown",
          6: "Parse Failed",
        ],
        display: "Status", category: "Application", about: "How the call ended."),
      enumeration(
        "type", values: [0: "Request", 1: "Response", 2: "Session"], display: "Type",
        category: "Application", about: "Which halves of the call were seen."),
      enumeration(
        "role", values: [0: "Client", 1: "Server", 2: "Local", 3: "Rest"], display: "Role",
        category: "Application",
        about: "Which side a one-sided row describes; Local and Rest: either of both."),
    ]
    + singles(
      "Application",
      [
        (
          "l7_protocol", .enumeration, "Protocol",
          "Application protocol; the names come from the parsers' descriptors."
        )
      ])
    + CallColumn.tags

  private static let captureTags =
    singles(
      "Time",
      [
        ("time", .time, "Time", "Seconds since the epoch."),
        ("start_time", .time, "Start", "First byte of the request, first packet of the flow."),
        ("end_time", .time, "End", "Last byte of the response, last packet of the report."),
      ])
    + singles(
      "Capture",
      [
        ("_id", .id, "Row", "Row number."), ("agent_id", .id, "Agent", "The agent that saw it."),
      ])
    + [
      enumeration(
        "signal_source", values: [0: "Packet", 3: "eBPF", 4: "OTel"], display: "Signal source",
        category: "Capture", about: "Data plane.")
    ]
    + singles(
      "Capture",
      [
        (
          "observation_point", .string, "Observation point",
          "Where it was seen: c-p client process, c client interface, s-p, s, ..."
        ),
        ("flow_id", .id, "Flow", "The connection."),
      ])
    + singles(
      "Ledger",
      [
        ("stage", .string, "Stage", "Where in the pipeline."),
        ("reason", .string, "Reason", "Why it was dropped."),
      ])
}
