// SPDX-License-Identifier: Apache-2.0

import Query
import Storage

/// A trace in the JSON of protobuf, in which bytes are base64, as Tempo writes it.
extension JSONText {
  /// - Parameter trace: Its groups become the elements of a list.
  mutating func resourceSpans(_ trace: OTLPTrace) {
    array(trace.groups) { json, group in
      json.object { json in
        json.member("resource") { json in
          json.object { json in
            json.member("attributes") { $0.array(group.resource) { $0.attribute($1) } }
          }
        }
        json.member("scopeSpans") { json in
          json.array([group.spans]) { json, spans in
            json.object { json in
              json.member("scope") { $0.object { $0.member("name", OTLPTrace.scope) } }
              json.member("spans") { json in
                json.array(spans) { $0.span(trace.tree.spans[$1], of: trace) }
              }
            }
          }
        }
      }
    }
  }

  private mutating func span(_ span: TraceSpan, of trace: OTLPTrace) {
    object { json in
      json.member("traceId", Hexadecimal.base64(trace.tree.id))
      json.member("spanId", Hexadecimal.base64(span.id))
      if let parent = trace.parent(of: span) {
        json.member("parentSpanId", Hexadecimal.base64(parent))
      }
      json.member("name", span.name)
      json.member("kind", "SPAN_KIND_\(span.kind.name.uppercased())")
      json.member("startTimeUnixNano", "\(span.nanoseconds.start)")
      json.member("endTimeUnixNano", "\(span.nanoseconds.end)")
      json.member("attributes") { $0.array(span.attributes) { $0.attribute($1) } }
      json.member("status") { json in
        json.object { json in
          if !span.message.isEmpty { json.member("message", span.message) }
          if span.status != .unset {
            json.member("code", "STATUS_CODE_\(span.status.name.uppercased())")
          }
        }
      }
    }
  }

  mutating func attribute(_ attribute: TraceAttribute) {
    object { json in
      json.member("key", attribute.name)
      json.member("value") { json in
        json.object { json in
          switch attribute.value {
          case .text(let text): json.member("stringValue", text)
          case .number(let number): json.member("intValue", "\(number)")
          case .double(let number): json.member("doubleValue") { $0.value(.double(number)) }
          case .flag(let flag): json.member("boolValue") { $0.bool(flag) }
          }
        }
      }
    }
  }
}
