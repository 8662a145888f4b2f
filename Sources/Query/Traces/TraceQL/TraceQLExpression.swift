// SPDX-License-Identifier: Apache-2.0

/// A query in TraceQL: which spans of a trace are wanted, and what must hold of them together.
package struct TraceQLQuery: Hashable, Sendable {
  var spans: SpansetExpression
  var stages: [TraceQLStage] = []
}

/// Spans of one trace.
indirect enum SpansetExpression: Hashable, Sendable {
  case filter(SpanCondition)
  /// Both have spans: all of these.
  case both(SpansetExpression, SpansetExpression)
  case either(SpansetExpression, SpansetExpression)
  case related(SpansetExpression, SpanRelation, SpansetExpression)
}

/// How spans of the right side stand to those of the left one.
struct SpanRelation: Hashable, Sendable {
  enum Kind: String, Hashable, Sendable {
    case child = ">"
    case descendant = ">>"
    case parent = "<"
    case ancestor = "<<"
    case sibling = "~"
  }

  var kind: Kind
  /// Those that do not stand so.
  var isNegated = false
  /// Also those of the left side that something stands to.
  var hasBoth = false
}

/// What is asked of one span.
indirect enum SpanCondition: Hashable, Sendable {
  case always(Bool)
  case compare(SpanOperand, Comparison, SpanOperand)
  case pattern(SpanField, SafePattern, isNegated: Bool)
  case not(SpanCondition)
  case and(SpanCondition, SpanCondition)
  case or(SpanCondition, SpanCondition)

  enum Comparison: String, Hashable, Sendable {
    case equal = "="
    case unequal = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }
}

enum SpanOperand: Hashable, Sendable {
  case field(SpanField)
  case value(SpanValue)
}

/// What a span has, or a query names. Times are nanoseconds.
enum SpanValue: Hashable, Sendable {
  case none
  case text(String)
  case number(Double)
  case flag(Bool)
  case status(TraceSpan.Status)
  case kind(TraceSpan.Kind)
}

enum SpanField: Hashable, Sendable {
  enum Intrinsic: String, Hashable, Sendable, CaseIterable {
    case name, status, statusMessage, kind, duration
    case traceDuration, rootName, rootServiceName, nestedSetParent
    case spanName = "span:name"
    case spanStatus = "span:status"
    case spanStatusMessage = "span:statusMessage"
    case spanKind = "span:kind"
    case spanDuration = "span:duration"
    case spanID = "span:id"
    case parentID = "span:parentID"
    case traceLength = "trace:duration"
    case traceRootName = "trace:rootName"
    case traceRootService = "trace:rootService"
    case traceID = "trace:id"
  }

  enum Scope: String, Hashable, Sendable {
    case span, resource
    case any = ""
  }

  case intrinsic(Intrinsic)
  case attribute(Scope, String)
}

/// What is done with the spans that were found.
enum TraceQLStage: Hashable, Sendable {
  enum Aggregate: String, Hashable, Sendable {
    case count, avg, max, min, sum
  }

  case compare(Aggregate, SpanField?, SpanCondition.Comparison, Double)
  /// Which attributes the answer shows.
  case select([SpanField])
}
