// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import Kubernetes

@Suite struct JSONReaderTests {
  /// The members of a flat object of texts.
  private func members(_ text: String) throws(JSONFault) -> [String] {
    let bytes = Array(text.utf8)
    var reader = JSONReader(bytes.span)
    var found: [String] = []
    guard try reader.enterObject() else { return found }
    while let key = try reader.nextKey() { found.append("\(key)=\(try reader.text())") }
    try reader.expectEnd()
    return found
  }

  @Test(arguments: [
    (#"{}"#, []), (#" { "a" : "1" , "b":"" } "#, ["a=1", "b="]),
    (#"{"a":"\u00e4\n\"\\\/","b":"\ud83d\ude00x"}"#, ["a=ä\n\"\\/", "b=😀x"]),
    (#"{"a":"\ud83d","b":"\ud83dA","c":"\q","d":"\u12"}"#, ["a=�", "b=�A", "c=�", "d=�"]),
    (#"{"a":{"x":["}",{"y":"]\""}]},"b":"2"}"#, ["a=", "b=2"]),
    (#"{"a":null,"b":-1.5e3,"c":true,"d":[],"e":"5"}"#, ["a=", "b=", "c=", "d=", "e=5"]),
    (#"null"#, []), (#"[1,2]"#, []),
  ]) func aValueOfAnotherKindIsGoneOver(text: String, expected: [String]) throws {
    #expect(try members(text) == expected)
  }

  @Test(arguments: [
    #"{"#, #"{"a"#, #"{"a":"#, #"{"a":"b"#, #"{"a":"b","#, #"{"a" "b"}"#, #"{"a":"b" "c":"d"}"#,
    #"{,"a":"b"}"#, #"{"a":"b"}x"#, #"{a:"b"}"#, #"{"a":}"#, #"{"a":["b"}"#, #"{"a":"\"}"#, "",
  ]) func whatIsNoJSONIsAFault(text: String) {
    #expect(throws: JSONFault.self) { _ = try members(text) }
  }

  @Test func numbersAreReadAsFarAsTheyFit() throws {
    let bytes = Array(#"[0,-7,9223372036854775807,9223372036854775808,1.5,"3",null]"#.utf8)
    var reader = JSONReader(bytes.span)
    var numbers: [Int64?] = []
    #expect(try reader.enterList())
    while try reader.nextElement() { numbers.append(try reader.integer()) }
    #expect(numbers == [0, -7, .max, nil, nil, nil, nil])
  }

  @Test func nestingHasAnEnd() {
    let bytes = Array((String(repeating: "[", count: 100) + "1").utf8)
    var reader = JSONReader(bytes.span)
    #expect(throws: JSONFault.self) {
      while try reader.enterList() { _ = try reader.nextElement() }
    }
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-11-23T01:19:29Z", 1_795_396_769),
      ("2024-02-29T23:59:59z", 1_709_251_199), ("2026-11-23t02:49:29+01:30", 1_795_396_769),
      ("2026-11-22T20:19:29.999-05:00", 1_795_396_769), ("2026-11-23T01:19:29", nil),
      ("2026-13-23T01:19:29Z", nil), ("2026-11-23 01:19:29Z", nil), ("", nil),
      ("2026-11-23T01:19:29+1:30", nil), ("2026-11-2aT01:19:29Z", nil),
    ] as [(String, Int64?)]) func timesAreOfTheCalendar(text: String, seconds: Int64?)
  {
    #expect(Timestamp(rfc3339: text)?.seconds == seconds)
  }
}
