// SPDX-License-Identifier: Apache-2.0

/// The fields that have a number from the start, RFC 7541 appendix A.
enum HPACKStaticTable {
  struct Field: Sendable {
    var name: StaticString
    var value: StaticString

    init(_ name: StaticString, _ value: StaticString = "") {
      self.name = name
      self.value = value
    }
  }

  /// The first number of the dynamic table.
  static let count = 61

  /// By their numbers; the first has none.
  static let fields: [Field] = [
    Field(""), Field(":authority"), Field(":method", "GET"), Field(":method", "POST"),
    Field(":path", "/"), Field(":path", "/index.html"), Field(":scheme", "http"),
    Field(":scheme", "https"), Field(":status", "200"), Field(":status", "204"),
    Field(":status", "206"), Field(":status", "304"), Field(":status", "400"),
    Field(":status", "404"), Field(":status", "500"), Field("accept-charset"),
    Field("accept-encoding", "gzip, deflate"), Field("accept-language"), Field("accept-ranges"),
    Field("accept"), Field("access-control-allow-origin"), Field("age"), Field("allow"),
    Field("authorization"), Field("cache-control"), Field("content-disposition"),
    Field("content-encoding"), Field("content-language"), Field("content-length"),
    Field("content-location"), Field("content-range"), Field("content-type"), Field("cookie"),
    Field("date"), Field("etag"), Field("expect"), Field("expires"), Field("from"), Field("host"),
    Field("if-match"), Field("if-modified-since"), Field("if-none-match"), Field("if-range"),
    Field("if-unmodified-since"), Field("last-modified"), Field("link"), Field("location"),
    Field("max-forwards"), Field("proxy-authenticate"), Field("proxy-authorization"),
    Field("range"), Field("referer"), Field("refresh"), Field("retry-after"), Field("server"),
    Field("set-cookie"), Field("strict-transport-security"), Field("transfer-encoding"),
    Field("user-agent"), Field("vary"), Field("via"), Field("www-authenticate"),
  ]

  /// Whether the field of this number is one that a request begins with, or a response.
  static func isOfRequest(_ number: Int) -> Bool { (1...7).contains(number) }
  static func isOfResponse(_ number: Int) -> Bool { (8...14).contains(number) }
}
