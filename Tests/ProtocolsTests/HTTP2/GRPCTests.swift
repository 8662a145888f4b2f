// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct GRPCTests {
  private let opening = [HTTP2Talks.opening, HTTP2Talks.welcome]

  private func client(_ frames: [UInt8]...) -> Talk { Talk(.client, bytes: frames.flatMap(\.self)) }
  private func server(_ frames: [UInt8]...) -> Talk { Talk(.server, bytes: frames.flatMap(\.self)) }

  private func request(
    _ stream: UInt32, _ path: String = "/shop.Cart/Get", _ others: [(String, String)] = [],
    type: String = "application/grpc"
  ) -> [UInt8] {
    HTTP2Talks.request(
      stream, "POST", path, [("content-type", type), ("te", "trailers")] + others, goesOn: true)
  }

  private func response(_ stream: UInt32) -> [UInt8] {
    HTTP2Talks.response(stream, 200, [("content-type", "application/grpc")], goesOn: true)
  }

  /// A message behind its head.
  private func message(_ count: Int, flag: UInt8 = 0) -> [UInt8] {
    [flag, 0, 0, UInt8(count >> 8), UInt8(count & 0xff)] + [UInt8](repeating: 7, count: count)
  }

  @Test func aCallIsToldOfByServiceAndMethodAndItsStatus() {
    expectMessages(
      HTTP2(),
      opening + [
        client(request(1), HTTP2Talks.data(1, message(3))),
        server(
          response(1), HTTP2Talks.data(1, message(2), goesOn: true),
          HTTP2Talks.trailers(1, [("grpc-status", "0")])),
      ],
      gives: [
        ExpectedMessage(
          .request, version: "2", requestType: "POST", requestDomain: "a",
          requestResource: "shop.Cart", endpoint: "/shop.Cart/Get", length: 8, parts: 1,
          attributes: ["rpc.service": "shop.Cart", "rpc.method": "Get"]),
        ExpectedMessage(
          .response, status: .ok, code: 0, responseException: "", length: 7, parts: 1,
          attributes: [:]),
      ])
  }

  @Test(
    arguments: [
      ("5", "no+item", ResponseStatus.clientError, "no+item"), ("13", "", .serverError, "INTERNAL"),
      ("5", "no 'ann' %25 there", .clientError, "no ?"), ("1", "", .clientError, "CANCELLED"),
      ("14", "token=%73ecret", .serverError, "token=?"), ("99", "", .serverError, ""),
    ])
  func anErrorSaysWhoIsToBlameAndWhy(
    code: String, text: String, status: ResponseStatus, exception: String
  ) {
    let fields = [("grpc-status", code), ("grpc-message", text)]
    let expected = ExpectedMessage(
      .response, status: status, code: Int32(code), responseException: exception)
    for answer in [
      HTTP2Talks.response(1, 200, [("content-type", "application/grpc")] + fields),
      response(1) + HTTP2Talks.trailers(1, fields),
    ] {
      let held = hold(
        HTTP2(), opening + [client(request(1), HTTP2Talks.data(1, message(1))), server(answer)])
      #expect(expected.differences(from: held.messages[1]) == [])
    }
  }

  @Test func withoutAStatusOfItsOwnThatOfHTTPCounts() {
    let asked = opening + [client(request(1), HTTP2Talks.data(1, message(1)))]
    let gateway = hold(HTTP2(), asked + [server(HTTP2Talks.response(1, 503))])
    #expect(gateway.messages[1].status == .serverError && gateway.messages[1].code == 503)
    let ended = hold(
      HTTP2(), asked + [server(response(1), HTTP2Talks.data(1, message(1)))])
    #expect(ended.messages[1].status == .ok && ended.messages[1].code == 200)
    // Until its end is seen nobody knows that it is a success.
    let open = hold(HTTP2(), asked + [server(response(1))])
    #expect(open.messages[1].status == .unknown && open.messages[1].code == nil)
  }

  /// A status that was said before anybody listened is unknown.
  @Test func aStatusThatWasSaidBeforeIsUnknown() {
    let held = hold(
      HTTP2(),
      [
        client(request(7), HTTP2Talks.data(7, message(1))),
        server(response(7), HTTP2Talks.headers(7, [0xbf, 0xbe], goesOn: false)),
        client(request(9), HTTP2Talks.data(9, message(1))),
        server(HTTP2Talks.headers(9, [0x88, 0xbf, 0xbe], goesOn: false)),
      ])
    #expect(held.messages.map(\.code) == [nil, nil, nil, nil])
    #expect(held.messages[1].status == .parseFailed && held.messages[3].status == .parseFailed)
    #expect(held.messages[2].texts["endpoint"] == "/shop.Cart/Get")
  }

  @Test func messagesAreCountedWhereverFramesCutThem() {
    let all = message(3) + message(0) + message(700) + message(1)
    for size in [1, 2, 3, 5, 9, 64, 1_000] {
      let held = hold(
        HTTP2(),
        opening + [
          client(request(1), HTTP2Talks.data(1, all, size: size)),
          server(
            response(1), HTTP2Talks.data(1, all + all, goesOn: true, size: size),
            HTTP2Talks.trailers(1, [("grpc-status", "0")])),
        ])
      #expect(held.messages.map(\.parts) == [4, 8], "\(size)")
      #expect(held.messages.map(\.length) == [724, 1_448], "\(size)")
      #expect(held.messages[1].attributes?["rpc.streaming"] == "both")
    }
    expectMessages(
      HTTP2(),
      opening + [
        client(request(1), HTTP2Talks.data(1, message(1))),
        server(
          response(1),
          HTTP2Talks.frame(0, flags: 8, stream: 1, [2] + message(2) + message(9) + [0, 0]),
          HTTP2Talks.trailers(1, [("grpc-status", "0")])),
      ],
      gives: [
        ExpectedMessage(.request, parts: 1),
        ExpectedMessage(.response, length: 21, parts: 2, attributes: ["rpc.streaming": "server"]),
      ])
  }

  @Test func behindALossMessagesAreNotCountedAndNothingElseIsWrong() {
    var driver = ParserDriver(HTTP2())
    for talk in opening { driver.feed(talk.bytes, from: talk.side) }
    driver.feed(request(1) + HTTP2Talks.data(1, message(1)), from: .client)
    driver.feed(response(1) + HTTP2Talks.data(1, message(5), goesOn: true), from: .server)
    driver.lose(from: .server)
    driver.feed(
      HTTP2Talks.frame(8, [0, 0, 0, 1]) + HTTP2Talks.frame(6, [1, 2, 3, 4, 5, 6, 7, 8])
        + HTTP2Talks.data(1, [1, 2, 3], goesOn: true)
        + HTTP2Talks.trailers(1, [("grpc-status", "0")]), from: .server)
    #expect(driver.messages.map(\.parts) == [1, 1])
    #expect(driver.messages[1].code == 0 && driver.violations == [])
  }

  /// On the web the status is in the last message of the body.
  @Test func onTheWebTheStatusIsReadInTheBody() {
    let trailers = Array("grpc-status: 5\r\ngrpc-message:no%20item\r\n".utf8)
    let last = [0x80, 0, 0, 0, UInt8(trailers.count)] + trailers
    let asked = client(
      request(1, type: "application/grpc-web+proto"), HTTP2Talks.data(1, message(1)))
    let head = HTTP2Talks.response(
      1, 200, [("content-type", "application/grpc-web+proto")], goesOn: true)
    for body in [
      HTTP2Talks.data(1, message(2) + last),
      HTTP2Talks.data(1, message(2), goesOn: true) + HTTP2Talks.data(1, last, goesOn: true)
        + HTTP2Talks.data(1, []),
    ] {
      let held = hold(HTTP2(), opening + [asked, server(head, body)])
      let expected = ExpectedMessage(
        .response, status: .clientError, code: 5, responseException: "no item", parts: 1)
      #expect(expected.differences(from: held.messages[1]) == [])
    }
    let text = hold(
      HTTP2(), opening + [asked, server(head, HTTP2Talks.data(1, Array("AAAAAAA=".utf8)))])
    #expect(text.messages[1].status == .unknown && text.messages[1].code == nil)
  }

  @Test func tripleIsDubbosOwn() {
    let held = hold(
      HTTP2(),
      opening + [
        client(request(1, "/a.Greeter/hi", [("tri-service-version", "1.0.0")])),
        client(request(3, "/a.Greeter/hi", [("tri-consumer-appname", "shop")])),
      ])
    #expect(held.messages.map { $0.texts["version"] } == ["1.0.0", "2"])
    #expect(held.speaks.map(\.?.rawValue) == [49, 49])
  }

  @Test(
    arguments: [
      ("application/grpc", 41), ("application/grpc+proto", 41), ("application/grpc-web+proto", 41),
      ("application/proto", nil), ("application/connect+json", nil), ("text/plain", nil),
    ] as [(String, UInt8?)])
  func whatACallSpeaksIsSaidByItsContentType(type: String, number: UInt8?) {
    let held = hold(
      HTTP2(),
      opening + [client(request(1, "/a.B/c", [("connect-protocol-version", "1")], type: type))])
    #expect(held.speaks.map { $0?.rawValue } == [number])
    let isConnect = type != "text/plain" && number == nil
    let expected: [String: String] =
      type == "text/plain"
      ? [:]
      : ["rpc.service": "a.B", "rpc.method": "c"].merging(
        isConnect ? ["rpc.system": "connect_rpc"] : [:]
      ) { first, _ in first }
    #expect(held.messages[0].attributes == expected)
    #expect(held.messages[0].texts["endpoint"] == "/a.B/c")
  }

  /// Names of services and methods are those of a program; what is none is a URL.
  @Test func aPathThatIsNoMethodIsOneOfHTTP() {
    let held = hold(
      HTTP2(),
      opening + [
        client(request(1, "/auth.TokenService/Create")), client(request(3, "/a/b/c?token=x")),
      ])
    #expect(held.messages[0].texts["endpoint"] == "/auth.TokenService/Create")
    #expect(held.messages[1].texts["request_resource"] == "/a/b/c?token=?")
    #expect(held.messages[1].attributes == [:])
  }

  /// Get, Get of what is missing, List, Put, Talk, a method that is none, and a Talk that is taken back.
  @Test(arguments: [1 << 20, 1_000]) func aRecordedConversationIsRead(size: Int) {
    let held = hold(HTTP2(), LargeTalks.cut(GRPCRecording.talks, every: size))
    #expect(held.error == nil && held.violations == [] && held.unreadCount == 0)
    let requests = held.messages.filter { $0.kind == .request }
    let responses = held.messages.filter { $0.kind == .response }
    #expect(
      requests.map { $0.texts["endpoint"] }
        == ["Get", "Get", "List", "Put", "Talk", "None", "Talk"].map { "/shop.v1.Cart/\($0)" })
    #expect(requests.map(\.parts) == [1, 1, 1, 3, 2, 1, 1])
    #expect(requests.map(\.length) == [8, 12, 5, 20_017, 12, 6, 6])
    #expect(requests[1].texts["x_request_id_0"] == "r1")
    #expect(requests[0].texts["http_user_agent"]?.hasPrefix("grpc-python/") == true)
    #expect(requests[6].texts["response_exception"] == "RST_STREAM CANCEL")
    #expect(responses.map(\.parts) == [1, 0, 3, 1, 4, 0, 2])
    #expect(responses.map(\.length) == [9, nil, 30_015, 6, 24, nil, 12])
    #expect(responses.prefix(6).map(\.code) == [0, 5, 0, 0, 0, 12])
    #expect(
      responses.prefix(6).map { $0.attributes?["rpc.streaming"] }
        == [nil, nil, "server", "client", "both", nil])
    #expect(
      responses.map { $0.texts["response_exception"] }.prefix(6)
        == ["", "no item ?", "", "", "", "Method not found!"])
  }
}
