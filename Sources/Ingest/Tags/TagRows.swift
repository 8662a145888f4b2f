// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry

/// Writes resources and tag sets into the columns of their tables.
struct TagRows: Sendable {
  private var tagSets = TableRows(.tagSet)
  private var resources = TableRows(.resource)
  private var attributes = TableRows(.attribute)

  /// What there is to store, resources before what refers to them.
  var batches: [ColumnBatch] {
    [attributes, resources, tagSets].map(\.batch).filter { !$0.isEmpty }
  }

  mutating func append(_ set: TagSet) {
    tagSets.put("number", set.number)
    tagSets.put("auto_service_id", set.service)
    tagSets.put("auto_service_type", set.serviceKind.rawValue)
    tagSets.put("auto_service", set.members.autoService)
    tagSets.put("auto_instance", set.members.autoInstance)
    tagSets.put("host", set.members.host)
    tagSets.put("process", set.members.process)
    tagSets.put("container", set.members.container)
    tagSets.put("pod", set.members.pod)
    tagSets.put("pod_group", set.members.workload)
    tagSets.put("pod_ns", set.members.namespace)
    tagSets.put("pod_node", set.members.node)
    tagSets.put("pod_service", set.members.service)
    tagSets.put("pod_ingress", set.members.ingress)
    tagSets.put("pod_cluster", set.members.cluster)
    tagSets.put("az", set.members.availabilityZone)
    tagSets.put("region", set.members.region)
    tagSets.put("subnet", set.members.subnet)
    tagSets.put("tag_source", set.members.source)
    tagSets.put("began", set.began)
    tagSets.put("sequence", set.sequence)
    tagSets.endRow()
  }

  mutating func append(_ version: ResourceVersion) {
    let content = version.content
    resources.put("number", version.number)
    resources.put("kind", version.identity.kind.rawValue)
    resources.put("entity", version.entity)
    resources.put("name", content.name)
    resources.put("instance", content.instance)
    resources.put("parents", all: content.parents)
    resources.put("attribute_names", all: content.attributes.map(\.name))
    resources.put("attribute_values", all: content.attributes.map(\.value))
    resources.put("valid_from", version.validFrom)
    resources.put("valid_to", version.validTo)
    resources.put("sequence", version.sequence)
    resources.endRow()
    append(TagDeclaration.ResourceValue.name, content.name, of: version.number)
    append(TagDeclaration.ResourceValue.instance, content.instance, of: version.number)
    for attribute in content.attributes {
      append(attribute.name, attribute.value, of: version.number)
    }
  }

  private mutating func append(_ name: String, _ value: String, of number: UInt32) {
    guard !value.isEmpty else { return }
    attributes.put("name", name)
    attributes.put("value", value)
    attributes.put("number", number)
    attributes.endRow()
  }
}
