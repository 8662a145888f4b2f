// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `metaflow-agent replay` as a user runs it. Needs neither root nor a server.
@Suite struct ReplayProgramTests {
  private var lookUps: CaptureBuilder { .lookUps }

  private func replay(
    _ arguments: [String], input: String = "", status: Int32 = 0
  ) throws -> CommandResult {
    let result = try run(
      Stack.product("metaflow-agent"), ["replay"] + arguments, input: input, checked: false)
    #expect(result.status == status, "\(result.errors)")
    return result
  }

  private func objects(_ lines: String) throws -> [[String: Any]] {
    try lines.split(separator: "\n").map { line in
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
    }
  }

  @Test func aCaptureBecomesLines() throws {
    try lookUps.withFile { path in
      let result = try replay([path])
      let lines = try objects(result.output)
      let tables = Dictionary(grouping: lines) { $0["table"] as? String ?? "" }
      #expect(tables["l7_flow_log"]?.count == 10)
      #expect(tables["l4_flow_log"]?.count == 1)
      #expect(tables["application_map.1s"]?.count == 10)
      #expect(tables["network_map.1m"]?.count == 1)
      let call = try #require(tables["l7_flow_log"]?.first)
      #expect(call["request_domain"] as? String == "a0.test")
      #expect(call["response_result"] as? String == "A=10.0.0.9 TTL=60")
      #expect(call["response_duration"] as? Int == 250)
      #expect(result.errors.contains("made      10 calls (l7), 1 flow reports (l4)"))
    }
  }

  /// Wherever the file lies and whenever it is read; packed or not; from a pipe or not.
  @Test func theSameFileGivesTheSameBytes() throws {
    try lookUps.withFile { first in
      try lookUps.withFile { second in
        let once = try replay([first]).output
        #expect(once.split(separator: "\n").count > 30)
        #expect(try replay([second]).output == once)
        try run("gzip", ["-k", second])
        let packed = second + ".gz"
        let name = "capture.pcap.gz"
        #expect(
          try replay([packed]).output.replacing("\"\(name)\"", with: "\"capture.pcap\"") == once)
      }
    }
  }

  @Test func standardInputIsReadAsItComes() throws {
    try lookUps.withFile { path in
      let agent = Stack.product("metaflow-agent")
      let result = try run("sh", ["-c", "cat \(path) | \(agent) replay --records l7 -"])
      #expect(result.output.split(separator: "\n").count == 10)
    }
  }

  @Test func onlyWhatIsAskedForIsWritten() throws {
    try lookUps.withFile { path in
      let calls = try replay(["--records", "l7", path]).output
      #expect(calls.split(separator: "\n").count == 10)
      let others = try replay(["--records", "l7", "--protocols", "http,mysql", path]).output
      #expect(others.isEmpty)
      let near = try replay(["--records", "l7", "--local", "10.0.0.2", path]).output
      #expect(try objects(near).allSatisfy { $0["observation_point"] as? String == "s" })
    }
  }

  /// What could be read is delivered; the line says where it broke, the status that it did.
  @Test func aCutFileIsDeliveredAsFarAsItGoes() throws {
    try lookUps.withFile(missing: 1) { path in
      let result = try replay(["--records", "l7", path], status: 65)
      // The last answer is cut off, so its request stands alone.
      let types = try objects(result.output).map { $0["type"] as? String }
      #expect(types == Array(repeating: "Session", count: 9) + ["Request"])
      #expect(result.errors.contains("packet 20"))
    }
  }

  @Test(arguments: [
    (["/nowhere.pcap"], Int32(66), "/nowhere.pcap cannot be read"),
    (["/etc/passwd"], 65, "/etc/passwd is not a capture file"),
    (["/"], 66, "/ is a folder; name the captures in it: /*.pcap"),
    ([], 64, "name a capture file"),
    (["--records", "l8", "x"], 64, "it must be one or more of l7, l4, metrics"),
    (["--format", "xml", "x"], 64, "--format"),
    (["--times", "now", "x"], 64, "--times now needs --server"),
    (["--times", "now", "--server", "127.0.0.1:1", "-"], 64, "standard input"),
    (["--protocols", "gopher", "x"], 78, "there is no protocol 'gopher'"),
    (["--local", "10.0.0.0/8", "x"], 78, "makes more than 4096 addresses"),
    (["--server", "nowhere", "x"], 78, "it must be an address such as 127.0.0.1:20033"),
    (["--server", "127.0.0.1:1", "--resume", "/nowhere"], 66, "holds nothing that could be sent"),
  ])
  func whatIsWrongIsSaid(arguments: [String], status: Int32, text: String) throws {
    let result = try replay(arguments, status: status)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains(text), "\(result.errors)")
  }

  /// How flows ended, by the corpus' own account of them.
  @Test(arguments: [
    ("flow/tcp-n-syn-ack.pcap", "Client ACK Miss"), ("flow/tcp-one-syn.pcap", "Server SYN Miss"),
    ("flow/syn-1.pcap", "Client Port Reuse"),
    ("flow/l4-source-port-reuse.pcap", "Client Port Reuse"),
    ("flow/server-reset.pcap", "Server Direct RST"),
    ("flow/server-queue-lack.pcap", "Server Queue Overflow"),
    ("flow/client-syn-try-lack.pcap", "Normal - Client RST"),
    ("flow/server-no-response.pcap", "Client Other RST"),
    ("flow/client-no-response.pcap", "Server Other RST"), ("flow/http.pcap", "Normal"),
  ])
  func flowsEndAsRecorded(file: String, close: String) throws {
    guard let path = corpusCaptures("flow").first(where: { $0.hasSuffix(file) }) else {
      print("corpus: \(file) is not beside the repository; nothing is compared")
      return
    }
    let flows = try objects(try replay(["--records", "l4", path]).output)
    #expect(flows.map { $0["close_type"] as? String } == [close])
  }
}
