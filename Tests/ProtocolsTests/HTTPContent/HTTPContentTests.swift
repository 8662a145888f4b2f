// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

/// What calls of HTTP/1 and HTTP/2 are besides, by their heads and bodies.
@Suite struct HTTPContentTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var path: String
    var asks: String
    var answers: String
    var attributes: [String: String]
    var status = ResponseStatus.ok
    var exception = ""
    /// Of the answer.
    var type = "application/json"
  }

  static let cases = [
    Case(
      testDescription: "OpenAI", path: "/v1/chat/completions",
      asks: #"{"messages":[{"role":"user","content":"Zq9xWv7k"}],"model":"gpt-4o"}"#,
      answers: JSONScanTests.answer,
      attributes: [
        "gen_ai.system": "openai", "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o",
        "gen_ai.usage.input_tokens": "12", "gen_ai.usage.output_tokens": "34",
        "gen_ai.response.finish_reasons": "stop",
      ]),
    Case(
      testDescription: "OpenAI, streamed", path: "/openai/v1/chat/completions",
      asks: #"{"model":"gpt-4o","stream":true,"messages":[]}"#,
      answers: """
        data: {"model":"gpt-4o-1","choices":[{"delta":{"content":"Zq9xWv7k"},"finish_reason":null}]}

        data: {"model":"gpt-4o-1","choices":[{"delta":{},"finish_reason":"length"}]}

        data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}}

        data: [DONE]


        """,
      attributes: [
        "gen_ai.system": "openai", "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-1",
        "gen_ai.usage.input_tokens": "5", "gen_ai.usage.output_tokens": "6",
        "gen_ai.response.finish_reasons": "length", "gen_ai.request.stream": "true",
      ], type: "text/event-stream; charset=utf-8"),
    Case(
      testDescription: "Anthropic, streamed", path: "/v1/messages?beta=true",
      asks: #"{"model":"claude-x","max_tokens":9,"stream":true}"#,
      answers: """
        event: message_start
        data: {"type":"message_start","message":{"model":"claude-x1","usage":{"input_tokens":25,"output_tokens":1}}}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}


        """,
      attributes: [
        "gen_ai.system": "anthropic", "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "claude-x", "gen_ai.response.model": "claude-x1",
        "gen_ai.usage.input_tokens": "25", "gen_ai.usage.output_tokens": "15",
        "gen_ai.response.finish_reasons": "end_turn", "gen_ai.request.stream": "true",
      ], type: "text/event-stream"),
    Case(
      testDescription: "Gemini", path: "/v1beta/models/gemini-2:generateContent?key=Zq9xWv7k",
      asks: #"{"contents":[{"parts":[{"text":"Zq9xWv7k"}]}]}"#,
      answers: """
        {"candidates":[{"content":{"parts":[{"text":"Zq9xWv7k"}]},"finishReason":"STOP"}],
        "usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4},"modelVersion":"gemini-2-001"}
        """,
      attributes: [
        "gen_ai.system": "gemini", "gen_ai.operation.name": "generate_content",
        "gen_ai.request.model": "gemini-2", "gen_ai.response.model": "gemini-2-001",
        "gen_ai.usage.input_tokens": "3", "gen_ai.usage.output_tokens": "4",
        "gen_ai.response.finish_reasons": "STOP",
      ]),
    Case(
      testDescription: "Ollama, streamed", path: "/api/chat", asks: #"{"model":"llama3"}"#,
      answers: """
        {"model":"llama3","message":{"content":"Zq9xWv7k"},"done":false}
        {"model":"llama3","done_reason":"stop","done":true,"prompt_eval_count":7,"eval_count":8}

        """,
      attributes: [
        "gen_ai.system": "ollama", "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "llama3", "gen_ai.response.model": "llama3",
        "gen_ai.usage.input_tokens": "7", "gen_ai.usage.output_tokens": "8",
        "gen_ai.response.finish_reasons": "stop",
      ], type: "application/x-ndjson"),
    Case(
      testDescription: "GraphQL", path: "/api/graphql",
      asks:
        #"{"query":"query Cart($id: ID!) { cart(id: $id) { id } }","variables":{"id":"Zq9xWv7k"}}"#,
      answers: #"{"data":{"cart":{"id":"Zq9xWv7k"}}}"#,
      attributes: ["graphql.operation.type": "query", "graphql.operation.name": "Cart"]),
    Case(
      testDescription: "GraphQL, an error in a 200", path: "/graphql",
      asks: #"{"operationName":"Pay","query":"mutation Pay { pay }"}"#,
      answers: """
        {"errors":[{"message":"no user 'Zq9xWv7k'","extensions":{"code":"FORBIDDEN"}}],"data":null}
        """,
      attributes: [
        "graphql.operation.type": "mutation", "graphql.operation.name": "Pay",
        "graphql.error.code": "FORBIDDEN",
      ], status: .clientError, exception: "no user ?"),
    Case(
      testDescription: "JSON-RPC", path: "/",
      asks: #"{"jsonrpc":"2.0","method":"eth_call","params":["Zq9xWv7k"],"id":7}"#,
      answers: #"{"jsonrpc":"2.0","id":7,"result":"Zq9xWv7k"}"#,
      attributes: [
        "rpc.system": "jsonrpc", "rpc.method": "eth_call", "rpc.jsonrpc.request_id": "7",
      ]),
    Case(
      testDescription: "JSON-RPC, an error in a 200", path: "/rpc",
      asks: #"{"id":"a","jsonrpc":"2.0","method":"sum"}"#,
      answers:
        #"{"jsonrpc":"2.0","id":"a","error":{"code":-32603,"message":"it \"Zq9xWv7k\" broke"}}"#,
      attributes: [
        "rpc.system": "jsonrpc", "rpc.method": "sum", "rpc.jsonrpc.request_id": "a",
        "rpc.jsonrpc.error_code": "-32603",
      ], status: .serverError, exception: "it ? broke"),
    Case(
      testDescription: "MCP, in events", path: "/mcp",
      asks:
        #"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"search","arguments":{"q":"Zq9xWv7k"}}}"#,
      answers: "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n",
      attributes: [
        "rpc.system": "jsonrpc", "rpc.method": "tools/call", "rpc.jsonrpc.request_id": "2",
        "gen_ai.tool.name": "search",
      ], type: "text/event-stream"),
    Case(
      testDescription: "JSON that is nothing of these", path: "/orders",
      asks: #"{"model":"T","method":"card","id":1,"query":"x"}"#,
      answers: #"{"error":{"code":1,"message":"Zq9xWv7k"},"model":"m"}"#, attributes: [:]),
    Case(
      testDescription: "a path like a model's", path: "/api/chat", asks: #"{"text":"a"}"#,
      answers: #"{"ok":true}"#, attributes: [:]),
  ]

  static func chunks(_ body: String, every size: Int) -> String {
    let bytes = Array(body.utf8)
    let chunks = stride(from: 0, to: bytes.count, by: size).map { start in
      let chunk = bytes[start..<min(start + size, bytes.count)]
      return String(chunk.count, radix: 16) + "\r\n" + String(decoding: chunk, as: UTF8.self)
        + "\r\n"
    }
    return chunks.joined() + "0\r\n\r\n"
  }

  private func expected(_ one: Case) -> [ExpectedMessage] {
    [
      ExpectedMessage(.request, requestType: "POST", attributes: [:]),
      ExpectedMessage(
        .response, status: one.status, code: 200, responseException: one.exception,
        attributes: one.attributes),
    ]
  }

  private func request(_ one: Case, _ body: String) -> Talk {
    Talk(
      .client, "POST \(one.path) HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\(body)")
  }

  private func response(_ one: Case, _ body: String) -> Talk {
    Talk(.server, "HTTP/1.1 200 OK\r\nContent-Type: \(one.type)\r\n\(body)")
  }

  @Test(arguments: cases) func inHTTP1OfADeclaredLength(one: Case) {
    let next = [
      Talk(.client, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"),
      Talk(.server, "HTTP/1.1 204 No Content\r\n\r\n"),
    ]
    expectMessages(
      HTTP1(),
      [
        request(one, "Content-Length: \(one.asks.utf8.count)\r\n\r\n\(one.asks)"),
        response(one, "Content-Length: \(one.answers.utf8.count)\r\n\r\n\(one.answers)"),
      ] + next,
      gives: expected(one) + [
        ExpectedMessage(.request, requestResource: "/next", attributes: [:]),
        ExpectedMessage(.response, code: 204, attributes: [:]),
      ])
  }

  @Test(arguments: cases, [3, 40]) func inHTTP1InChunks(one: Case, size: Int) {
    let talks = [
      request(one, "Content-Length: \(one.asks.utf8.count)\r\n\r\n\(one.asks)"),
      response(one, "Transfer-Encoding: chunked\r\n\r\n\(Self.chunks(one.answers, every: size))"),
    ]
    for cut in [1, 11, 1 << 20] {
      let held = hold(HTTP1(), LargeTalks.cut(talks, every: cut))
      #expect(held.violations == [] && held.error == nil && held.unreadCount == 0)
      for (expected, seen) in zip(expected(one), held.messages) {
        #expect(expected.differences(from: seen) == [], "cut every \(cut)")
      }
    }
  }

  @Test(arguments: cases) func inHTTP2(one: Case) {
    for size in [5, 16_384] {
      let talks = [
        HTTP2Talks.opening, HTTP2Talks.welcome,
        Talk(
          .client,
          bytes: HTTP2Talks.request(
            1, "POST", one.path, [("content-type", "application/json")], goesOn: true)
            + HTTP2Talks.data(1, Array(one.asks.utf8), size: size)),
        Talk(
          .server,
          bytes: HTTP2Talks.response(1, 200, [("content-type", one.type)], goesOn: true)
            + HTTP2Talks.data(1, Array(one.answers.utf8), size: size)),
      ]
      for cut in [1, 100, 1 << 20] {
        let held = hold(HTTP2(), LargeTalks.cut(talks, every: cut))
        #expect(held.violations == [] && held.error == nil && held.unreadCount == 0)
        for (expected, seen) in zip(expected(one), held.messages) {
          #expect(expected.differences(from: seen) == [], "frames of \(size), cut every \(cut)")
        }
      }
    }
  }

  /// Nothing of a body is in a text, wherever it is cut.
  @Test(arguments: cases) func bodiesShowNoTexts(one: Case) {
    SecretPropertyTests().search(
      HTTP1(),
      [
        request(one, "Content-Length: \(one.asks.utf8.count)\r\n\r\n\(one.asks)"),
        response(one, "Content-Length: \(one.answers.utf8.count)\r\n\r\n\(one.answers)"),
      ])
  }

  @Test(
    arguments: [
      (
        "POST /orders-2026/_search?size=1 HTTP/1.1\r\n",
        [
          "db.system.name": "elasticsearch", "db.operation.name": "search",
          "db.collection.name": "orders-2026",
        ]
      ),
      (
        "GET /_cat/indices HTTP/1.1\r\n",
        ["db.system.name": "elasticsearch", "db.operation.name": "cat"]
      ),
      (
        "POST /api/v2/write?bucket=b HTTP/1.1\r\n",
        ["db.system.name": "influxdb", "db.operation.name": "write"]
      ),
      (
        "POST /?query=x HTTP/1.1\r\nX-ClickHouse-Database: shop\r\n",
        ["db.system.name": "clickhouse", "db.namespace": "shop"]
      ),
      (
        "POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n",
        ["rpc.system": "aws-api", "rpc.service": "DynamoDB_20120810", "rpc.method": "GetItem"]
      ),
      (
        "PUT /key/a HTTP/1.1\r\nHost: photos.s3.eu-west-1.amazonaws.com\r\n",
        ["rpc.system": "aws-api", "rpc.service": "S3", "aws.s3.bucket": "photos"]
      ),
      (
        "GET /photos/key HTTP/1.1\r\nHost: s3.eu-west-1.amazonaws.com\r\n",
        ["rpc.system": "aws-api", "rpc.service": "S3", "aws.s3.bucket": "photos"]
      ),
      (
        "POST /ws HTTP/1.1\r\nSOAPAction: \"http://example.org/Prices#GetPrice\"\r\n",
        ["rpc.system": "soap", "rpc.method": "GetPrice"]
      ),
      ("POST /a/_private/b HTTP/1.1\r\n", [:]), ("GET /a_b/search HTTP/1.1\r\n", [:]),
      ("POST /a HTTP/1.1\r\nSOAPAction: \"\"\r\n", [:]),
      ("POST /a HTTP/1.1\r\nX-Amz-Target: Zq9 xW\r\n", [:]),
    ] as [(String, [String: String])])
  func aHeadSaysWhatItAsksFor(head: String, attributes: [String: String]) {
    expectMessages(
      HTTP1(), Talk(.client, head + "\r\n"),
      gives: [ExpectedMessage(.request, attributes: attributes)])
  }

  /// What is compressed is not read, and an answer that comes early, or not at all, ends nothing.
  @Test func bodiesThatCannotBeReadAreWalkedOver() {
    let asks = #"{"jsonrpc":"2.0","method":"a","id":1}"#
    let post =
      "POST /r HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: \(asks.utf8.count)\r\n"
    expectMessages(
      HTTP1(), Talk(.client, post + "\r\n" + asks),
      Talk(
        .server,
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\u{1f}ab"),
      Talk(.client, post + "Content-Encoding: gzip\r\n\r\n" + asks),
      Talk(.server, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"),
      Talk(.client, post + "\r\n" + asks), Talk(.server, "HTTP/1.1 202 Accepted\r\n\r\n"),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response,
          attributes: ["rpc.system": "jsonrpc", "rpc.method": "a", "rpc.jsonrpc.request_id": "1"]),
        ExpectedMessage(.request), ExpectedMessage(.response, code: 202, attributes: [:]),
        ExpectedMessage(.request), ExpectedMessage(.response, code: 202),
      ])
  }
}
