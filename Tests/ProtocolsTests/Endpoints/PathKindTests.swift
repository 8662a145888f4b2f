// SPDX-License-Identifier: Apache-2.0

import Bytes
import Protocols
import Telemetry
import TestSupport
import Testing

/// What of a path is surely an id, and what is not.
@Suite struct PathKindTests {
  @Test(
    arguments: [
      "4711", "0", "00017", "550e8400-e29b-41d4-a716-446655440000",
      "550E8400-E29B-41D4-A716-446655440000", "550e8400e29b41d4a716446655440000",
      "9f3c2a81", "9f3c2ad", "0x1f3a", "2024-01-02", "20240102", "2024-01-02T10:11:12Z",
      "2024-01-02T10%3A11%3A12Z", "20240102T101112Z", "10.20.30.40", "ann@shop.example",
      "ann.b+c%40shop.example", "dQw4w9WgXcQ", "01ARZ3NDEKTSV4RRFFQ69G5FAV",
      "ckopqwooh000001la8mbi2im9", "V1StGXR8_Z5jdHi6B-myT", "507f1f77bcf86cd799439011",
      "Zm9v1YmFy-Q.x7_Kd9QmZ2aB", "x2x7k", "123,456",
    ])
  func anIdIsOne(segment: String) {
    #expect(endpoint("/v1/things/\(segment)/parts") == "/v1/things/{id}/parts")
  }

  @Test(
    arguments: [
      "v1", "v2beta1", "1.0", "v1.2.3", "oauth2", "k8s", "i18n", "s3", "utf8", "http2", "users",
      "getOAuth2Users", "parseHtml5", "face2face", "index.html", "_search", "~ann", "@scope",
      "report.v2:final", "getAllCustomersByOrganisationAndRegion", "wp-login.php",
      "John%20Smith", "..", "mp3", "ipv4", "base64url",
    ])
  func aNameStays(segment: String) {
    #expect(endpoint("/v1/things/\(segment)/parts") == "/v1/things/\(segment)/parts")
  }

  @Test(
    arguments: [
      ("/orders/order-4711.pdf", "/orders/order-{id}.pdf"), ("/u/user4711", "/u/user{id}"),
      ("/pods/orders-7d9c5b6f4-x2x7k", "/pods/orders-{id}"),
      ("/js/app.3f9a8c7d.js", "/js/app.{id}.js"),
      ("/js/jquery-3.6.0.min.js", "/js/jquery-{id}.min.js"),
      ("/a;v=1/b", "/a;v=?/b"), ("/7", "/{id}"), ("/users/7/", "/users/{id}"),
      ("/users/7?x=8", "/users/{id}"), ("/users/7#8", "/users/{id}"),
      ("//users//7/./orders", "/users/{id}/orders"),
      ("/users/123/orders/9f3c2a81", "/users/{id}/orders/{id}"),
    ])
  func aPathIsByItsKind(path: String, kind: String) {
    #expect(endpoint(path) == kind)
  }

  @Test func aDeepPathEndsWhereItIsToldApart() {
    let deep = (0..<40).map { _ in "/a" }.joined()
    #expect(endpoint(deep + "/1") == (0..<12).map { _ in "/a" }.joined() + "/**")
    let long = (0..<40).map { _ in "/segment" }.joined()
    #expect(endpoint(long) == (0..<12).map { _ in "/segment" }.joined() + "/**")
  }

  /// The same path gives the same endpoint wherever in a buffer it lies, and however long it is.
  @Test func aPathWithoutIdsIsItsOwnKind() {
    for count in 1..<60 {
      let path = "/" + String(repeating: "q", count: count)
      #expect(endpoint(path) == path)
      #expect(endpoint(path + "/5") == path + "/{id}")
      #expect(endpoint("/5" + path) == "/{id}" + path)
    }
  }

  /// Of any bytes, what is said is bounded and nothing traps.
  @Test func anyBytesAreBounded() {
    var random = SeededGenerator(seed: 4711)
    let letters = Array("/a1Z-_.:;%@=+40~{}?#".unicodeScalars)
    for _ in 0..<10_000 {
      var path = "/"
      for _ in 0..<Int.random(in: 0..<90, using: &random) {
        path.unicodeScalars.append(letters.randomElement(using: &random) ?? "/")
      }
      let kind = endpoint(path)
      #expect(kind.utf8.count <= 4 * path.utf8.count && kind.hasPrefix("/"), "\(path)")
    }
  }

  private func endpoint(_ path: String) -> String {
    var driver = ParserDriver(HTTP1())
    driver.feed(Array("GET \(path) HTTP/1.1\r\n\r\n".utf8), from: .client, isFinal: true)
    return driver.messages.first?.texts["endpoint"] ?? ""
  }
}
