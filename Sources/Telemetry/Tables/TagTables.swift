// SPDX-License-Identifier: Apache-2.0

/// What the numbers in rows stand for. The catalog writes these tables before the rows, and queries
/// read them; see docs/decisions/0016-tags-in-the-engine.md.
extension TableDeclaration {
  /// The largest number of a tag set and of a resource: the bound of the engine's arrays.
  package static let largestTagNumber: UInt32 = (1 << 24) - 1

  /// `flow_tag.tag_set`: of which resources one end of a record is made.
  package static let tagSet = TableDeclaration(
    database: "flow_tag", name: "tag_set", version: 2,
    columns: [
      .init("number", .uint32, codec: .delta, about: "What rows carry as tag_set_id."),
      .init("auto_service_id", .uint32, about: "What rows carry beside it."),
      .init("auto_service_type", .uint8, about: "What kind of thing auto_service_id numbers."),
      .init("auto_service", .uint32, about: "The resource that names the service; 0 none."),
      .init("auto_instance", .uint32, about: "The resource that names the instance; 0 none."),
      .init("host", .uint32, about: "The host; 0 unknown."),
      .init("process", .uint32, about: "The process; 0 unknown."),
      .init("container", .uint32, about: "The container; 0 none."),
      .init("pod", .uint32, about: "The Kubernetes pod; 0 none."),
      .init("pod_group", .uint32, about: "The topmost workload that made the pod; 0 none."),
      .init("pod_ns", .uint32, about: "The Kubernetes namespace; 0 none."),
      .init("pod_node", .uint32, about: "The Kubernetes node; 0 none."),
      .init("pod_service", .uint32, about: "The Kubernetes service; 0 none."),
      .init("pod_ingress", .uint32, about: "The ingress before the service; 0 none."),
      .init("pod_cluster", .uint32, about: "The Kubernetes cluster; 0 none."),
      .init("az", .uint32, about: "The availability zone; 0 unknown."),
      .init("region", .uint32, about: "The region; 0 unknown."),
      .init("subnet", .uint32, about: "The block of addresses; 0 unknown."),
      .init("tag_source", .uint8, about: "By what the end was known, as bits; 0 nothing."),
      .init("began", .dateTime, about: "When this combination was first seen."),
      .init("sequence", .uint64, about: "Grows with every change of the catalog."),
    ],
    orderBy: ["number"], partitionSeconds: 0, retentionHours: 0, latestBy: "sequence",
    dictionary: DictionaryDeclaration(
      "flow_tag.tag_set_map",
      columns: [
        "auto_service", "auto_instance", "host", "process", "container", "pod", "pod_group",
        "pod_ns", "pod_node", "pod_service", "pod_ingress", "pod_cluster", "az", "region",
        "subnet", "tag_source",
      ],
      largest: largestTagNumber),
    about: "Tag sets: the resources that one end of a record is, by their numbers.")

  /// `flow_tag.resource`: what was true of a resource for a while.
  package static let resource = TableDeclaration(
    database: "flow_tag", name: "resource",
    columns: [
      .init("number", .uint32, codec: .delta, about: "What tag sets carry."),
      .init("kind", .uint8, about: "What kind of thing it is: 6 host, 10 pod, 120 process, ..."),
      .init("entity", .uint32, about: "The thing itself, over all its versions."),
      .init("name", .string, about: "Its name in this time."),
      .init("instance", .string, about: "Its name with what tells it from its like."),
      .init("parents", .array(.uint32), about: "Versions of what it is part of."),
      .init("attribute_names", .array(.lowCardinalityString), about: "Names of its attributes."),
      .init("attribute_values", .array(.string), about: "Their values, in the same order."),
      .init("valid_from", .dateTime, about: "Since when this is true."),
      .init("valid_to", .dateTime, about: "Until when it was; 1970 while it is."),
      .init("sequence", .uint64, about: "Grows with every change of the catalog."),
    ],
    orderBy: ["number"], partitionSeconds: 0, retentionHours: 0, latestBy: "sequence",
    dictionary: DictionaryDeclaration(
      "flow_tag.resource_map",
      columns: [TagDeclaration.ResourceValue.name, TagDeclaration.ResourceValue.instance],
      largest: largestTagNumber),
    about: "Resources: what was true of a host, a process, a pod, ..., and when.")

  /// `flow_tag.attribute`: which resources have a value.
  package static let attribute = TableDeclaration(
    database: "flow_tag", name: "attribute",
    columns: [
      .init("name", .lowCardinalityString, about: "name, instance, or an attribute's name."),
      .init("value", .string, about: "Its value; never empty."),
      .init("number", .uint32, about: "The resource that has it."),
    ],
    orderBy: ["name", "value", "number"], partitionSeconds: 0, retentionHours: 0,
    latestBy: "number", about: "Resources by their names and attributes.")

  /// Every table of tags. None has rows of its own to query: they are asked by way of tags.
  package static let tagTables: [TableDeclaration] = [.tagSet, .resource, .attribute]

  /// The columns of a row with the number of a tag set.
  package var tagSetColumns: [ColumnDeclaration] {
    columns.filter { ["tag_set_id", "tag_set_id_0", "tag_set_id_1"].contains($0.name) }
  }
}
