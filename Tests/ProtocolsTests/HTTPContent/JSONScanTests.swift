// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Protocols

@Suite struct JSONScanTests {
  private func facts(
    _ text: String, every size: Int = 1 << 20, isAnswer: Bool = true
  ) -> (JSONFacts, JSONScan) {
    var facts = JSONFacts()
    facts.isAnswer = isAnswer
    var scan = JSONScan()
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      scan.scan(bytes.span, start..<min(start + size, bytes.count), &facts)
    }
    return (facts, scan)
  }

  private func text(_ text: ShortText) -> String {
    var bytes: [UInt8] = []
    for index in 0..<text.count { bytes.append(text.span[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }

  static let answer = """
    {"id":"c-1","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"a \\"model\\": {[ \\\\"},
    "finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens" : 34, "details":{"prompt_tokens":9}},"x":null}
    """

  @Test(arguments: [1, 2, 3, 7, 1_000]) func valuesAreFoundWhereverPiecesEnd(size: Int) {
    let (facts, scan) = facts(Self.answer, every: size)
    #expect(!scan.isBroken)
    #expect(text(facts.answeringModel) == "gpt-4o")
    #expect(text(facts.finishReason) == "stop")
    #expect(facts.inputTokens == 12 && facts.outputTokens == 34)
  }

  @Test func whatIsNotAskedForIsNotKept() {
    for count in 0..<Self.answer.utf8.count {
      var facts = JSONFacts()
      var scan = JSONScan()
      let bytes = Array(Self.answer.utf8.prefix(count))
      scan.scan(bytes.span, 0..<count, &facts)
      #expect(!text(scan.text).contains("a \""))
    }
  }

  @Test(arguments: ["]", "{]", "{\"a\" 1", "{{", "nonsense", "{\"a\":1]", "[1}", "{1:2}"])
  func whatIsNoJSONEndsIt(text: String) {
    #expect(facts(text + " {\"model\":\"m\"}").1.isBroken)
    #expect(facts(text + " {\"model\":\"m\"}").0.answeringModel.isEmpty)
  }

  @Test func depthIsBounded() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(facts(deep).1.isBroken)
    let inside = String(repeating: "{\"a\":", count: 40) + "1" + String(repeating: "}", count: 40)
    let (facts, scan) = facts("{\"a\":\(inside),\"model\":\"m\"}")
    #expect(!scan.isBroken && text(facts.answeringModel) == "m")
  }

  @Test func aValueElsewhereIsAnother() {
    let (found, _) = facts(
      "{\"a\":{\"model\":\"x\"},\"choices\":[{\"usage\":{\"prompt_tokens\":1}}],\"usage\":[1,2]}")
    #expect(found.answeringModel.isEmpty && found.inputTokens == nil)
    let (numbers, _) = facts(
      "{\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":1e3}}")
    #expect(numbers.inputTokens == nil && numbers.outputTokens == nil)
    let (long, _) = facts("{\"model\":\"\(String(repeating: "m", count: 9_000))\"}")
    #expect(long.answeringModel.count == ShortText.limit)
  }

  @Test(arguments: UInt64(0)..<20) func noBytesTrap(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let letters = Array("{}[]\",:\\ 1tn\n".utf8) + Array("model".utf8)
    for _ in 0..<300 {
      let bytes = (0..<64).map { _ in letters[random.roll(letters.count)] }
      var facts = JSONFacts()
      var scan = JSONScan()
      scan.scan(bytes.span, 0..<bytes.count, &facts)
    }
  }

  @Test(
    arguments: [
      ("{ a }", "query", ""), ("query Q($a: Int) { a }", "query", "Q"),
      ("  mutation{a}", "mutation", ""),
      ("subscription  On_1 {", "subscription", "On_1"), ("fragment F on T { a }", nil, ""),
      ("", nil, ""),
    ] as [(String, String?, String)])
  func anOperationIsTheFirstWordsOfADocument(document: String, type: String?, name: String) {
    var text = ShortText()
    for byte in document.utf8 { text.append(byte) }
    let operation = GraphQLOperation(text)
    #expect(operation.type.map { "\($0)" } == type)
    #expect(self.text(operation.name) == name)
  }
}
