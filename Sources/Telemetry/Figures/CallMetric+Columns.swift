// SPDX-License-Identifier: Apache-2.0

/// The figures of the `application` tables.
extension CallMetric: Metered {
  @inlinable @inline(__always)
  package mutating func visitFigures<Visitor: FigureVisitor>(_ visitor: inout Visitor) {
    visitor.figure("request", requests, "Requests.")
    visitor.figure("response", responses, "Responses.")
    visitor.figure("client_error", clientErrors, "Responses that blame the client.")
    visitor.figure("server_error", serverErrors, "Responses that blame the server.")
    visitor.figure("timeout", timeouts, "Requests without an answer in time.")
    visitor.figure("error", clientErrors &+ serverErrors, "client_error + server_error.")
    visitor.figure("rrt_sum", durationSum, "Sum of response times, us.")
    visitor.figure("rrt_count", durationCount, "Response times in rrt_sum.")
    visitor.figure("rrt_max", durationMax, "Longest response time, us.")
  }
}
