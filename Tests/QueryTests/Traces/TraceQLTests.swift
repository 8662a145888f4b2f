// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Query

/// TraceQL over one small trace: web calls orders (500), which calls redis twice.
@Suite struct TraceQLTests {
  private static let tree: SpanTree = {
    func span(
      _ id: String, _ parent: Int?, _ kind: TraceSpan.Kind, _ service: String, _ name: String,
      _ time: ClosedRange<Int64>, _ status: TraceSpan.Status = .ok,
      _ attributes: [TraceAttribute] = []
    ) -> TraceSpan {
      TraceSpan(
        id: id, parent: parent, call: 0, kind: kind, name: name, service: service,
        start: time.lowerBound, duration: time.upperBound - time.lowerBound, status: status,
        message: status == .error ? "no such order" : "",
        resource: [TraceAttribute("host.name", "h-\(service)")], attributes: attributes)
    }
    let web = [
      TraceAttribute("http.request.method", "GET"),
      TraceAttribute("http.response.status_code", 500),
      TraceAttribute("a b", "odd"), TraceAttribute("retries", "3"),
    ]
    return SpanTree(
      id: TraceIdentity.made(7),
      spans: [
        span("0000000000000001", nil, .client, "web", "GET /orders", 0...10_000, .error, web),
        span("0000000000000002", 0, .server, "orders", "GET /orders", 100...9_900, .error, web),
        span("0000000000000003", 1, .client, "orders", "GET", 200...1_200),
        span("0000000000000004", 2, .server, "redis", "GET", 300...1_100),
        span("0000000000000005", 1, .client, "orders", "SET", 2_000...5_000),
      ], isCut: false)
  }()

  private static func found(_ query: String) throws -> [Int] {
    try TraceQLParser.parse(query).matches(in: tree)
  }

  @Test(arguments: [
    ("", [0, 1, 2, 3, 4]), ("{}", [0, 1, 2, 3, 4]), ("{ true }", [0, 1, 2, 3, 4]),
    ("{ false }", []),
    ("{ name = \"GET\" }", [2, 3]), ("{ name =~ `GET.*` }", [0, 1, 2, 3]),
    ("{ name !~ \"GET.*\" }", [4]), ("{ name != \"GET\" }", [0, 1, 4]),
    ("{ status = error }", [0, 1]), ("{ status != error && kind = client }", [2, 4]),
    ("{ resource.service.name = \"redis\" }", [3]), ("{ .service.name = \"redis\" }", [3]),
    ("{ span.service.name = \"redis\" }", []),
    ("{ resource.host.name =~ \"h-(redis|web)\" }", [0, 3]),
    ("{ duration > 9.9ms }", [0]), ("{ duration >= 1ms && duration <= 3ms }", [2, 4]),
    ("{ 3ms = duration }", [4]), ("{ duration > 0.5s }", []),
    ("{ duration < 1m30s }", [0, 1, 2, 3, 4]),
    ("{ span.http.response.status_code >= 500 }", [0, 1]),
    ("{ .http.response.status_code = \"500\" }", [0, 1]), ("{ .retries > 2 }", [0, 1]),
    ("{ span.\"a b\" = \"odd\" }", [0, 1]), ("{ span.nothing = nil }", [0, 1, 2, 3, 4]),
    ("{ span.nothing != nil }", []), ("{ span.http.request.method != nil }", [0, 1]),
    ("{ !(kind = client || kind = server) }", []), ("{ (status = ok) && !kind = server }", [2, 4]),
    ("{ rootServiceName = \"web\" && nestedSetParent < 0 }", [0]),
    ("{ traceDuration > 5ms }", [0, 1, 2, 3, 4]),
    ("{ span:id = \"0000000000000004\" }", [3]),
    ("{ span:parentID = \"0000000000000002\" }", [2, 4]),
    ("{ statusMessage = \"no such order\" }", [0, 1]),
  ])
  func selectorsFindSpans(query: String, spans: [Int]) throws {
    #expect(try Self.found(query) == spans)
  }

  @Test(arguments: [
    ("{ .service.name = \"web\" } >> { .service.name = \"redis\" }", [3]),
    ("{ .service.name = \"web\" } > { .service.name = \"redis\" }", []),
    ("{ name = \"SET\" } << { status = error }", [0, 1]),
    ("{ name = \"SET\" } < { status = error }", [1]),
    ("{ name = \"GET\" } ~ { name = \"SET\" }", [4]),
    ("{ name = \"SET\" } ~ { name = \"SET\" }", []),
    ("{ name = \"SET\" } !~ { kind = client }", [0, 4]),
    ("{ .service.name = \"web\" } !>> { kind = client }", [0]),
    ("{ .service.name = \"web\" } &>> { .service.name = \"redis\" }", [0, 3]),
    ("{ status = error } > { status = error } > { kind = client }", [2, 4]),
    ("{ name = \"SET\" } && { name = \"GET\" }", [2, 3, 4]),
    ("{ name = \"SET\" } && { name = \"no\" }", []),
    ("{ name = \"SET\" } || { name = \"no\" }", [4]),
    ("({ name = \"no\" } || { status = error }) >> { name = \"SET\" }", [4]),
    ("{ kind = client } | count() > 2", [0, 2, 4]), ("{ kind = client } | count() > 3", []),
    ("{ name = \"SET\" } | avg(duration) = 3ms | select(span:id)", [4]),
    ("{} | max(.http.response.status_code) >= 500", [0, 1, 2, 3, 4]),
    ("{ kind = server } | sum(duration) < 1ms", []),
    ("{ kind = server } | min(duration) < 1ms", [1, 3]),
  ])
  func structureAndSumsAreAsked(query: String, spans: [Int]) throws {
    #expect(try Self.found(query) == spans)
  }

  @Test(arguments: [
    ("{", "expected a field"), ("{ name = }", "expected a field or a value"),
    ("{ nam = \"x\" }", "'nam' is no field"), ("{ name = \"x }", "has no end"),
    ("{ duration + 1 > 2 }", "arithmetic"), ("{} | rate()", "'rate' is not read here"),
    ("{} | by(name)", "'by' is not read here"), ("{} {}", "expected '|'"),
    ("{ name =~ \"(\" }", "a ')' is missing"), ("{ name =~ 5 }", "between a field and a pattern"),
    ("{ parent.x = 1 }", "is no field"), ("{ duration }}", "expected '|'"),
    ("{} | count() > x", "a number"),
    ("{ # }", "no such sign"), ("{ name = \"x\" ; }", "no such sign"),
  ])
  func whatDoesNotReadIsToldWithItsPlace(query: String, reason: String) {
    do {
      _ = try TraceQLParser.parse(query)
      Issue.record("it was read")
    } catch {
      #expect(error.description.contains(reason), "\(error)")
      #expect(error.place != nil)
    }
  }

  @Test func deepAndLongQueriesAreRefused() {
    for query in [
      String(repeating: "(", count: 5_000), "{" + String(repeating: "(", count: 900),
      "{" + String(repeating: "!", count: 900) + "true}", String(repeating: "a", count: 20_000),
      "{ name =~ \"" + String(repeating: "(", count: 500) + "\" }",
      "{ name =~ \"((a{100}){100}){100}\" }",
    ] {
      #expect(throws: QueryError.self) { try TraceQLParser.parse(query) }
    }
  }

  @Test func theAnswerShowsWhatWasAskedFor() throws {
    let query = try TraceQLParser.parse(
      "{ .retries > 2 && status = error } | select(resource.host.name)")
    let shown = query.shown(1, of: Self.tree)
    #expect(
      shown == [
        TraceAttribute("retries", "3"), TraceAttribute("status", "error"),
        TraceAttribute("host.name", "h-orders"),
      ])
  }

  /// The conditions that the store is asked with: never more than must hold.
  @Test(arguments: [
    ("{}", nil), ("{ name =~ \"x\" }", nil), ("{ name != \"x\" }", nil),
    ("{ .x = \"y\" }", "`attribute.x` = 'y'"), ("{ .x = \"y\" || true }", nil),
    ("{ .x = 5 }", "`attribute.x` != ''"), ("{ .host.name = \"a\" }", nil),
    (
      "{ status = error && duration > 2ms }",
      "response_status NOT IN ('Success', 'Unknown') AND response_duration >= 2000"
    ),
    ("{ .x = \"y\" } >> { name != \"z\" }", "`attribute.x` = 'y'"),
    ("{ .x = \"y\" } !>> { name != \"z\" }", nil),
    (
      "{ .http.response.status_code = 500 }",
      "(response_code = 500 OR `attribute.http.response.status_code` = '500')"
    ),
  ])
  func theStoreIsAskedForWhatMustHold(query: String, condition: String?) throws {
    #expect(try TraceQLParser.parse(query).necessary == condition)
  }

  @Test(arguments: [
    ("a|bc", "bc", true), ("a|bc", "abc", false), ("a.c", "abc", true), ("a\\.c", "abc", false),
    ("[a-c]+x?", "abcc", true), ("[^a]", "a", false), ("\\d{2,3}", "1234", false),
    ("\\d{2,3}", "123", true),
    ("(ab)*", "", true), ("(?:ab){2}", "abab", true), ("(?i)get .*", "GET /x", true),
    ("^x$", "x", true),
    ("\\w+@\\S+", "me@x.y", true), ("a{0}b", "b", true), ("(a|b|)c", "c", true),
    ("[]a]", "]", true),
    ("(a+)+$", String(repeating: "a", count: 2_000) + "b", false), ("é.", "éà", true),
  ])
  func patternsFitWholeTexts(pattern: String, text: String, fits: Bool) throws {
    #expect(try SafePattern(pattern, at: 0).matches(text) == fits)
  }
}
