// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

@Suite struct TraceHeadersTests {
  private static let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

  @Test(
    arguments: [
      (["traceparent: \(w3c)"], "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", ""),
      // "trace.1" and "segment.2".
      (["sw8: 1-dHJhY2UuMQ==-c2VnbWVudC4y-3-YQ==-YQ==-YQ==-YQ=="], "trace.1", "segment.2-3", ""),
      (["sw6: 1-dHJhY2UuMQ==-c2VnbWVudC4y-3-1-1-YQ=="], "trace.1", "segment.2-3", ""),
      (["sw3: seg|5|1|1|#a|#b|#c|tra.ce|1"], "tra.ce", "seg-5", ""),
      (
        ["b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90"],
        "80f198ee56343ba864fe8b2a57d3eff7", "e457b5a2e4d86bd1", "05e3ac9a4f6e3b90"
      ),
      (
        [
          "X-B3-TraceId: 80f198ee56343ba8", "X-B3-SpanId: e457b5a2e4d86bd1",
          "x_b3_parentspanid: 05e3ac9a4f6e3b90",
        ], "80f198ee56343ba8", "e457b5a2e4d86bd1", "05e3ac9a4f6e3b90"
      ),
      (["uber-trace-id: 1f2e:3d4c:5b6a:1"], "1f2e", "3d4c", "5b6a"),
      (["uber-trace-id: 1f2e:3d4c:0:1"], "1f2e", "3d4c", ""),
      (
        ["EagleEye-TraceID: 0a1f.2", "EagleEye-RpcID: 0.1", "EagleEye-pSpanID: 7"], "0a1f.2", "0.1",
        "7"
      ),
      (["eagleeye-traceid: 0a1f", "eagleeye-spanid: -5", "eagleeye-rpcid: 0.1"], "0a1f", "-5", ""),
      (["new-rpc-trace-context: tcid=0a1f&spid=0.1&pspid=0&sample=true&"], "0a1f", "0.1", "0"),
      (["new_rpc_trace_context: a=b&sofaRpcId=0.1&sofaTraceId=0a1f&c"], "0a1f", "0.1", ""),
    ] as [([String], String, String, String)])
  func eachFormatIsRead(headers: [String], trace: String, span: String, parent: String) {
    expect(headers, trace, span, parent)
  }

  @Test func theMostTrustedWins() {
    expect(
      [
        "uber-trace-id: 1:2:3:1", "b3: 80f198ee56343ba8-e457b5a2e4d86bd1",
        "traceparent: \(Self.w3c)",
      ],
      "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "")
    expect(
      ["uber-trace-id: 1:2:3:1", "b3: 80f198ee56343ba8-e457b5a2e4d86bd1"], "80f198ee56343ba8",
      "e457b5a2e4d86bd1", "")
  }

  /// A header that cannot be read must not hide one that can.
  @Test(
    arguments: [
      "traceparent: 00-xyz-1-01", "traceparent:", "sw8: 1-*-*-1", "sw8: 1", "b3: 0", "sw3: a|b",
      "x-b3-traceid: none",
      "traceparent: ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    ])
  func anUnreadableHeaderIsPassedOver(header: String) {
    expect([header, "uber-trace-id: a:b:c:1"], "a", "b", "c")
    expect([header], "", "", "")
  }

  private func expect(_ headers: [String], _ trace: String, _ span: String, _ parent: String) {
    let lines = headers.map { $0 + "\r\n" }.joined()
    expectMessages(
      HTTP1(), Talk(.client, "GET / HTTP/1.1\r\n\(lines)\r\n"),
      gives: [
        ExpectedMessage(.request, traceID: trace, spanID: span, parentSpanID: parent)
      ])
  }
}
