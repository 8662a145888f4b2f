// SPDX-License-Identifier: Apache-2.0

import Query

/// A trace as OTLP has it: spans by whom they belong to.
struct OTLPTrace {
  struct Group {
    var resource: [TraceAttribute]
    var spans: [Int]
  }

  let tree: SpanTree
  let groups: [Group]

  init(_ tree: SpanTree) {
    self.tree = tree
    var places: [[TraceAttribute]: Int] = [:]
    var groups: [Group] = []
    for (index, span) in tree.spans.enumerated() {
      let resource = [TraceAttribute(service: span.service)] + span.resource
      if let place = places[resource] {
        groups[place].spans.append(index)
      } else {
        places[resource] = groups.count
        groups.append(Group(resource: resource, spans: [index]))
      }
    }
    self.groups = groups
  }

  /// Who made the spans.
  static let scope = "metaflow"

  func parent(of span: TraceSpan) -> String? { span.parent.map { tree.spans[$0].id } }
}

extension TraceSpan {
  /// Nanoseconds.
  var nanoseconds: (start: UInt64, end: UInt64) {
    let start = UInt64(clamping: self.start)
    let end = UInt64(clamping: self.start + max(0, duration))
    return (start.multipliedClamped(by: 1_000), end.multipliedClamped(by: 1_000))
  }
}

extension UInt64 {
  fileprivate func multipliedClamped(by other: UInt64) -> UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
