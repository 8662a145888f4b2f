// SPDX-License-Identifier: Apache-2.0

import Catalog

@testable import Query

// Coverage-guided fuzzing of the SQL dialect: lexer, parser, printer and binder. An input is a
// query's text. A trap, a statement that prints as something else, an error that points beside the
// text, or a statement for the engine that grows out of proportion ends the run.

/// libFuzzer's entry, compiler-rt/lib/fuzzer/FuzzerDriver.cpp.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private struct Directory: TagDirectory {
  func agents() -> [AgentEntry] { [] }
  func hosts() -> [HostEntry] { [] }
  func protocols() -> [ProtocolEntry] { [.init(number: 20, name: "HTTP")] }
}

private let directory = Directory()

/// Bytes of the engine's statement that a query's bytes may grow into, each and at least.
private let growth = 40_000

private func ask(_ query: String) {
  do throws(QueryError) {
    let statement = try Parser.parse(query)
    let again = try? Parser.parse(statement.description)
    // Printing may nest deeper than the text did, up to the limit; it never means something else.
    precondition(again == nil || again == statement, "\(statement) reads differently")
  } catch {
    check(error, in: query)
  }
  do throws(QueryError) {
    switch try QueryCompiler.compile(query, now: 1_790_000_000, directory: directory) {
    case .select(let plan), .show(let plan):
      let bound = growth * (query.utf8.count + 16)
      precondition(plan.sql.text.utf8.count <= bound, "the statement grew out of proportion")
    case .ready: break
    }
  } catch {
    check(error, in: query)
  }
}

private func check(_ error: QueryError, in query: String) {
  precondition((0...query.utf8.count).contains(error.offset ?? 0), "an error lies in the text")
  precondition(error.offset == nil || error.place != nil, "an error has its line and column")
  precondition(!error.description.isEmpty)
}

var count = CommandLine.argc
var arguments = unsafe CommandLine.unsafeArgv
let code = unsafe runDriver(&count, &arguments) { bytes, size in
  ask(unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: size), as: UTF8.self))
  return 0
}
