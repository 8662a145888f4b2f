// SPDX-License-Identifier: Apache-2.0

import Query
import Storage

/// A trace as Jaeger's UI reads it: spans name their process, and processes stand beside them.
extension JSONText {
  mutating func jaegerTrace(_ tree: SpanTree) {
    let trace = OTLPTrace(tree)
    var processes = Array(repeating: "", count: tree.spans.count)
    for (index, group) in trace.groups.enumerated() {
      for span in group.spans { processes[span] = "p\(index + 1)" }
    }
    object { json in
      json.member("traceID", tree.id)
      json.member("spans") { json in
        json.array(tree.spans.indices) { $0.jaegerSpan($1, of: trace, processes[$1]) }
      }
      json.member("processes") { json in
        json.object { json in
          for (index, group) in trace.groups.enumerated() {
            json.entry("p\(index + 1)") { json in
              json.object { json in
                json.member("serviceName", group.resource.first?.value.text ?? "")
                json.member("tags") { $0.array(group.resource.dropFirst()) { $0.jaegerTag($1) } }
              }
            }
          }
        }
      }
      json.member("warnings") { json in
        if tree.isCut {
          json.array(["There is more of the trace than is told."]) { $0.string($1) }
        } else {
          json.raw("null")
        }
      }
    }
  }

  private mutating func jaegerSpan(_ place: Int, of trace: OTLPTrace, _ process: String) {
    let span = trace.tree.spans[place]
    object { json in
      json.member("traceID", trace.tree.id)
      json.member("spanID", span.id)
      json.member("flags", 1)
      json.member("operationName", span.name)
      json.member("references") { json in
        json.array(trace.parent(of: span).map { [$0] } ?? []) { json, parent in
          json.object { json in
            json.member("refType", "CHILD_OF")
            json.member("traceID", trace.tree.id)
            json.member("spanID", parent)
          }
        }
      }
      json.member("startTime", span.start)
      json.member("duration", max(0, span.duration))
      json.member("tags") { $0.array(span.jaegerTags) { $0.jaegerTag($1) } }
      json.member("logs") { $0.raw("[]") }
      json.member("processID", process)
      json.member("warnings") { $0.raw("null") }
    }
  }

  private mutating func jaegerTag(_ attribute: TraceAttribute) {
    object { json in
      json.member("key", attribute.name)
      switch attribute.value {
      case .text(let text):
        json.member("type", "string")
        json.member("value", text)
      case .number(let number):
        json.member("type", "int64")
        json.member("value", number)
      case .double(let number):
        json.member("type", "float64")
        json.member("value") { $0.value(.double(number)) }
      case .flag(let flag):
        json.member("type", "bool")
        json.member("value") { $0.bool(flag) }
      }
    }
  }
}

extension TraceSpan {
  /// The attributes, and what Jaeger has as tags that OTLP has as fields.
  fileprivate var jaegerTags: [TraceAttribute] {
    var tags = [TraceAttribute(kind: kind)]
    if status == .error { tags.append(TraceAttribute(isError: true)) }
    if !message.isEmpty { tags.append(TraceAttribute(message: message)) }
    return tags + attributes.filter { $0.name != "span.kind" }
  }
}
