// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport
import Testing

@Suite struct RedisParserTests {
  @Test func aCommandAndItsReply() {
    expectMessages(
      Redis(), command("set", "user:1", "secret", "EX", "10"), Talk(.server, "+OK\r\n"),
      gives: [
        ExpectedMessage(
          .request, requestType: "SET", requestResource: "set user:1 ? EX 10",
          endpoint: "SET user:?"),
        ExpectedMessage(.response, status: .ok, responseException: "", responseResult: "OK"),
      ])
  }

  /// Clients pipeline: two commands in one segment are two messages.
  @Test func pipelinedCommands() {
    expectMessages(
      Redis(),
      Talk(.client, bytes: command("GET", "a").bytes + command("PING").bytes),
      Talk(.server, "$1\r\n1\r\n+PONG\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "GET", requestResource: "GET a"),
        ExpectedMessage(.request, requestType: "PING", requestResource: "PING"),
        ExpectedMessage(.response, responseResult: "bulk string"),
        ExpectedMessage(.response, responseResult: "PONG"),
      ])
  }

  @Test func errorsAreServerErrors() {
    expectMessages(
      Redis(), command("LPUSH", "k", "v"),
      Talk(.server, "-WRONGTYPE Operation against a key\r\n"), command("EVAL", "x", "0"),
      Talk(.server, "!11\r\nERR no such\r\n"),
      gives: [
        ExpectedMessage(.request, requestResource: "LPUSH k ?"),
        ExpectedMessage(
          .response, status: .serverError, responseException: "WRONGTYPE Operation against a key"),
        ExpectedMessage(.request, requestResource: "EVAL ?"),
        ExpectedMessage(.response, status: .serverError, responseException: "ERR no such"),
      ])
  }

  @Test func nestedAnswersOfATransaction() {
    expectMessages(
      Redis(), command("MULTI"), Talk(.server, "+OK\r\n"), command("MGET", "a", "b"),
      Talk(.server, "+QUEUED\r\n"), command("EXEC"),
      Talk(.server, "*2\r\n*2\r\n$1\r\nx\r\n$-1\r\n%1\r\n:1\r\n~1\r\n#t\r\n"),
      gives: [
        ExpectedMessage(.request, requestType: "MULTI"), ExpectedMessage(.response),
        ExpectedMessage(.request, requestResource: "MGET a b"),
        ExpectedMessage(.response, responseResult: "QUEUED"),
        ExpectedMessage(.request, requestType: "EXEC"),
        ExpectedMessage(.response, responseResult: "array", length: 36),
      ])
  }

  /// RESP2 and RESP3: the kind of a reply is its result, an error its text.
  @Test(
    arguments: [
      ("+QUEUED\r\n", "QUEUED", ""), (":1\r\n", "integer", ""), ("$-1\r\n", "null", ""),
      ("*-1\r\n", "array", ""), ("$1\r\na\r\n", "bulk string", ""), ("_\r\n", "null", ""),
      ("#t\r\n", "boolean", ""), (",1.5\r\n", "double", ""), ("(123\r\n", "big number", ""),
      ("=5\r\ntxt:a\r\n", "verbatim string", ""), ("%1\r\n+a\r\n:1\r\n", "map", ""),
      ("~1\r\n:1\r\n", "set", ""), ("!5\r\nERR x\r\n", "", "ERR x"),
      ("-MOVED 1 h:1\r\n", "", "MOVED 1 h:1"), ("|1\r\n+ttl\r\n:9\r\n+OK\r\n", "OK", ""),
      ("|1\r\n+a\r\n*1\r\n:9\r\n-ERR y\r\n", "", "ERR y"),
    ])
  func everyKindOfReply(reply: String, result: String, exception: String) {
    expectMessages(
      Redis(), command("GET", "a"), Talk(.server, reply),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(
          .response, status: exception.isEmpty ? .ok : .serverError,
          responseException: exception, responseResult: result),
      ])
  }

  /// Each channel is confirmed, and messages come unasked: one command, one response.
  @Test func aSubscriberIsAnsweredOnce() {
    let first =
      "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"
    expectMessages(
      Redis(), command("SUBSCRIBE", "a", "b"), Talk(.server, first),
      Talk(.server, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"), command("PING"),
      Talk(.server, "*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
      gives: [
        ExpectedMessage(.request, requestResource: "SUBSCRIBE a b"), ExpectedMessage(.response),
        ExpectedMessage(.request, requestType: "PING"), ExpectedMessage(.response),
      ])
  }

  @Test func pushesAndMonitorLinesAreNoReplies() {
    expectMessages(
      Redis(), command("GET", "a"),
      Talk(.server, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n_\r\n"), command("MONITOR"),
      Talk(.server, "+OK\r\n+1700000000.1 [0 127.0.0.1:1] \"get\" \"a\"\r\n"),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.response, responseResult: "null"),
        ExpectedMessage(.request, requestType: "MONITOR"),
        ExpectedMessage(.response, responseResult: "OK"),
      ])
  }

  @Test func silencedCommandsAreSessions() {
    expectMessages(
      Redis(), command("CLIENT", "REPLY", "SKIP"), command("GET", "a"),
      command("GET", "b"), Talk(.server, ":1\r\n"),
      gives: [
        ExpectedMessage(.session), ExpectedMessage(.session, requestResource: "GET a"),
        ExpectedMessage(.request, requestResource: "GET b"), ExpectedMessage(.response),
      ])
  }

  @Test func typedCommandsAndBlockingOnes() {
    expectMessages(
      Redis(), Talk(.client, "set k secret\r\nping\r\n"),
      Talk(.server, "+OK\r\n+PONG\r\n"), command("BLPOP", "q", "0"),
      gives: [
        ExpectedMessage(.request, requestType: "SET", requestResource: "set k ?"),
        ExpectedMessage(.request, requestType: "PING"), ExpectedMessage(.response),
        ExpectedMessage(.response), ExpectedMessage(.request, requestType: "BLPOP", mayBlock: true),
      ])
  }

  @Test func repliesAreSilencedAndHeardAgain() {
    expectMessages(
      Redis(), command("CLIENT", "REPLY", "OFF"), command("PING"),
      command("CLIENT", "REPLY", "ON"), Talk(.server, "+OK\r\n"), command("PING"),
      Talk(.server, "+PONG\r\n"),
      Talk(.client, "client reply OFF\r\nPING\r\nCLIENT REPLY \"on\"\r\n"),
      Talk(.server, "+OK\r\n"),
      gives: [
        ExpectedMessage(.session), ExpectedMessage(.session), ExpectedMessage(.request),
        ExpectedMessage(.response, responseResult: "OK"), ExpectedMessage(.request),
        ExpectedMessage(.response, responseResult: "PONG"), ExpectedMessage(.session),
        ExpectedMessage(.session), ExpectedMessage(.request, requestType: "CLIENT"),
        ExpectedMessage(.response, responseResult: "OK"),
      ])
  }

  /// What failed inside of a transaction is told by the call that ran it.
  @Test(arguments: [
    ("*2\r\n+OK\r\n-WRONGTYPE x\r\n", "WRONGTYPE x"),
    ("*3\r\n*2\r\n:1\r\n:2\r\n!5\r\nERR x\r\n-ERR y\r\n", "ERR x"),
    ("*2\r\n$3\r\n-x\r\r\n+OK\r\n", ""),
    ("-EXECABORT Transaction discarded\r\n", "EXECABORT Transaction discarded"),
    ("*-1\r\n", ""),
  ])
  func executionsTellTheirFailure(reply: String, exception: String) {
    expectMessages(
      Redis(), command("EXEC"), Talk(.server, reply),
      gives: [
        ExpectedMessage(.request, requestType: "EXEC"),
        ExpectedMessage(
          .response, status: exception.isEmpty ? .ok : .serverError, responseException: exception),
      ])
  }

  /// A snapshot and the stream of commands behind it are no replies, and a replica's acknowledgements
  /// get none.
  @Test(arguments: [
    ("PSYNC", "+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 0\r\n", "FULLRESYNC"),
    ("PSYNC", "+CONTINUE 8de1787ba490483314a4d30f1c628bc5025eb761\r\n", "CONTINUE"),
    ("PSYNC", "\n\n+CONTINUE\r\n", "CONTINUE"), ("SYNC", "\n$5\r\n", "bulk string"),
    ("SYNC", "$EOF:1234\r\n", "bulk string"),
  ])
  func aReplicaIsAnsweredOnce(name: String, reply: String, result: String) {
    expectMessages(
      Redis(), command("PING"), Talk(.server, "+PONG\r\n"), command(name, "?", "-1"),
      Talk(.server, reply), Talk(.server, "REDIS0011\u{0}\r\n*1\r\n$4\r\nPING\r\n"),
      command("REPLCONF", "ACK", "14"), Talk(.server, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"),
      command("REPLCONF", "ACK", "45"),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.response), ExpectedMessage(.request),
        ExpectedMessage(.response, status: .ok, responseResult: result),
      ])
  }

  @Test func aReplicaThatIsRefusedMayGoOn() {
    expectMessages(
      Redis(), command("PSYNC", "?", "-1"), Talk(.server, "-NOMASTERLINK Can't sync\r\n"),
      command("REPLCONF", "capa", "eof"), Talk(.server, "+OK\r\n"),
      gives: [
        ExpectedMessage(.request),
        ExpectedMessage(.response, responseException: "NOMASTERLINK Can't sync"),
        ExpectedMessage(.request), ExpectedMessage(.response, responseResult: "OK"),
      ])
  }

  /// Met in the middle: the acknowledgement says what connection it is.
  @Test func aReplicasConnectionIsKnownByItsAcknowledgements() {
    expectMessages(
      Redis(), command("REPLCONF", "ACK", "14"),
      Talk(.server, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"), gives: [])
  }

  /// A pipeline behind a large array, and one behind a command with many arguments, is read.
  @Test func largeArraysAreWalkedOver() {
    let many = (0..<3_000).map { "member\($0)" }
    let items = many.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    let push = Talk(.client, "*3002\r\n$5\r\nRPUSH\r\n$1\r\nq\r\n\(items)")
    for size in [512, 1_460, 4_096, 65_536] {
      var driver = ParserDriver(Redis())
      feed(push.bytes + command("LRANGE", "q", "0", "-1").bytes, from: .client, size, to: &driver)
      feed(Array(":3000\r\n*3000\r\n\(items)$1\r\nx\r\n".utf8), from: .server, size, to: &driver)
      feed(command("GET", "a").bytes, from: .client, size, to: &driver)
      feed(Array("-ERR no\r\n".utf8), from: .server, size, to: &driver)
      #expect(driver.violations.isEmpty && driver.error == nil && driver.unreadCount == 0)
      #expect(
        driver.messages.map { $0.texts["request_type"]! + $0.texts["response_result"]! }
          == ["RPUSH", "LRANGE", "integer", "array", "GET", ""], "\(size)")
    }
  }

  /// The failure stands behind more results than any view holds.
  @Test(arguments: [512, 1_460, 65_536]) func aLargeExecutionTellsItsFailure(size: Int) {
    for (last, exception) in [(":1\r\n", ""), ("-WRONGTYPE x\r\n", "WRONGTYPE x")] {
      var driver = ParserDriver(Redis())
      feed(command("EXEC").bytes + command("GET", "a").bytes, from: .client, size, to: &driver)
      let results = String(repeating: "$8\r\naaaaaaaa\r\n", count: 3_000)
      feed(
        Array("*3002\r\n\(results)\(last):2\r\n$-1\r\n".utf8), from: .server, size, to: &driver)
      #expect(driver.violations.isEmpty && driver.error == nil && driver.unreadCount == 0)
      #expect(driver.messages.map(\.kind) == [.request, .request, .response, .response])
      #expect(driver.messages[2].status == (exception.isEmpty ? .ok : .serverError))
      #expect(driver.messages[2].texts["response_exception"] == exception)
      #expect(driver.messages[3].texts["response_result"] == "null")
    }
    let cut = hold(
      Redis(), [command("EXEC"), Talk(.server, "*2\r\n:1\r\n")], isFinal: true)
    #expect(cut.messages.last?.status == .unknown)
  }

  private func feed(
    _ bytes: [UInt8], from side: Side, _ size: Int, to driver: inout ParserDriver
  ) {
    for start in stride(from: 0, to: bytes.count, by: size) {
      driver.feed(Array(bytes[start..<min(start + size, bytes.count)]), from: side)
    }
  }

  @Test func channelsAreLeft() {
    expectMessages(
      Redis(), command("SUBSCRIBE", "a"),
      Talk(.server, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"), command("UNSUBSCRIBE"),
      Talk(.server, "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"),
      command("LRANGE", "l", "0", "1"),
      Talk(.server, "*2\r\n$7\r\nmessage\r\n$1\r\nx\r\n"),
      gives: [
        ExpectedMessage(.request), ExpectedMessage(.response), ExpectedMessage(.request),
        ExpectedMessage(.response), ExpectedMessage(.request),
        ExpectedMessage(.response, responseResult: "array"),
      ])
  }

  /// The capture holds the front of a large value only; where it ends is told by its length.
  @Test func aLargeValueIsPassedByItsLength() {
    var driver = ParserDriver(Redis())
    let body = String(repeating: "x", count: 5_000)
    driver.feed(command("GET", "a").bytes, from: .client)
    driver.feed(Array("$5000\r\n\(body.prefix(1_000))".utf8), from: .server, isFinal: true)
    driver.feed(Array("\(body.dropFirst(1_000))\r\n".utf8), from: .server)
    driver.feed(command("SET", "a", body).bytes, from: .client)
    driver.feed(Array("+OK\r\n".utf8), from: .server)
    #expect(driver.violations.isEmpty && driver.error == nil)
    #expect(driver.messages.map(\.kind) == [.request, .response, .request, .response])
    #expect(driver.messages[1].length == 5_009)
    #expect(driver.messages[2].texts["request_resource"] == "SET a ?")
  }

  /// Counts are the sender's word and must not buy unbounded work.
  @Test(arguments: ["*2000000000\r\n", "*1\r\n$-1\r\n", "*1\r\n$99999999999\r\n", "*x\r\n"])
  func hostileCountsAreRefused(text: String) {
    #expect(hold(Redis(), [Talk(.client, text)]).error != nil)
  }

  @Test func damagedConversationsNeverTrap() {
    neverTraps(
      Redis(), seed: 7, rounds: 3_000,
      seeds: [
        command("MSET", "a", "1", "b", "2"), command("SUBSCRIBE", "a"),
        Talk(.server, "*2\r\n*1\r\n:1\r\n$3\r\nabc\r\n"), Talk(.client, "PING\r\n"),
        Talk(.server, ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"),
      ])
  }

  @Test(
    arguments: [
      ("*1\r\n$4\r\nPING\r\n", Recognition.yes(sentBy: .client)), ("*2\r\n$3\r\nge", .undecided),
      ("*1\r\n$8\r\nFT.THING\r\n", .undecided), ("*1\r\n$4\r\nP\tNG\r\n", .no),
      ("GET / HTTP/1.1\r\n", .no), ("*", .undecided),
      ("PING\r\n", .no),
    ] as [(String, Recognition)])
  func recognition(text: String, expected: Recognition) {
    let context = RecognitionContext(transport: .tcp, side: .client, serverPort: 7_000)
    #expect(Redis().recognize(Array(text.utf8).span, context: context) == expected)
  }

  private func command(_ words: String...) -> Talk {
    let items = words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    return Talk(.client, "*\(words.count)\r\n\(items)")
  }
}
