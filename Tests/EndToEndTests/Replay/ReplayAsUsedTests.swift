// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `metaflow-agent replay` between other programs of a shell, with files as they come.
@Suite struct ReplayAsUsedTests {
  private let agent = Stack.product("metaflow-agent")

  /// More lines than a pipe holds.
  private static var many: CaptureBuilder {
    var capture = CaptureBuilder()
    for number in 0..<5_000 {
      capture.lookUp(
        "n\(number).test", id: UInt16(number), at: CaptureBuilder.start + Int64(number) * 1_000,
        answeredAfter: 250)
    }
    return capture
  }

  private func shell(_ script: String) throws -> CommandResult {
    try run("bash", ["-c", script], checked: false)
  }

  /// As `tcpdump -C` names them, which a shell does not put into order.
  @Test func rotatedFilesAreOneCapture() throws {
    let capture = Self.many
    let parts = (0..<12).map { part in
      let start = part * 833
      let end = part < 11 ? start + 833 : capture.frames.count
      return (name: "c.pcap" + (part > 0 ? "\(part)" : ""), bytes: capture.bytes(of: start..<end))
    }
    try capture.withFile("c.pcap") { whole in
      try withFiles(parts) { paths in
        let folder = paths[0].dropLast("c.pcap".count)
        let (one, several) = (
          try shell("\(agent) replay \(whole)"), try shell("\(agent) replay \(folder)*")
        )
        #expect(several.status == 0, "\(several.errors)")
        #expect(several.output == one.output)
        #expect(several.output.split(separator: "\n").count > 5_000)
      }
    }
  }

  /// From a pipe, from a file that stands open, packed or not.
  @Test(arguments: [
    "cat F | A replay -", "A replay - < F", "A replay <(cat F)", "gzip -c F | A replay -",
  ])
  func aStreamIsReadLikeTheFile(script: String) throws {
    try CaptureBuilder.lookUps.withFile { path in
      let script = script.replacing("A ", with: agent + " ").replacing("F", with: path)
      let result = try shell(script)
      #expect(result.status == 0, "\(result.errors)")
      let lines = try shell("\(agent) replay \(path)").output.split(separator: "\n")
      #expect(result.output.split(separator: "\n").count == lines.count && lines.count > 30)
    }
  }

  /// Nobody is told that `head` has seen enough.
  @Test func aReaderThatHasSeenEnoughEndsItQuietly() throws {
    try Self.many.withFile { path in
      let result = try shell("\(agent) replay \(path) | head -n 1; echo ${PIPESTATUS[0]} >&2")
      #expect(result.errors == "141\n")
    }
  }

  @Test(arguments: [
    ("A replay F > /dev/full", Int32(74), "No space left on device; make room"),
    ("A replay - <&-", 66, "standard input cannot be read: Bad file descriptor"),
    ("A replay /dev/null", 65, "/dev/null is empty"),
    ("A replay /proc/self/mem", 66, "Input/output error"),
    ("gzip -c F | head -c 200 | A replay -", 65, "the file ends in the middle of it"),
    ("head -c 150 F | A replay -", 65, "standard input: packet 2 at byte 107 is cut off"),
    ("(echo 1234; cat F) | A replay -", 65, "standard input is not a capture file"),
    ("TMPDIR=/nowhere A replay --server 127.0.0.1:1 F", 74, "name another with TMPDIR"),
  ])
  func whatGoesWrongIsSaid(script: String, status: Int32, text: String) throws {
    try CaptureBuilder.lookUps.withFile { path in
      let script = script.replacing("A ", with: agent + " ").replacing("F", with: path)
      let result = try shell(script)
      #expect(result.status == status)
      #expect(result.errors.contains(text), "\(result.errors)")
    }
  }

  @Test func helpHasExamples() throws {
    let result = try shell("\(agent) replay --help")
    #expect(result.output.contains("tcpdump -i any -U -w -"))
    #expect(result.output.contains("Several files are one stream of time"))
  }

  /// Lines come while the capture goes on, and when it is stopped nothing of it is lost.
  @Test func aRunningCaptureIsFollowed() async throws {
    let folder = try temporaryFolder("replay")
    defer { try? FileManager.default.removeItem(at: folder) }
    let pipe = folder.appending(path: "pipe").path
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let program = try RunningProgram(agent, ["replay", "--records", "l7", pipe], in: folder)
    let writer = unsafe open(pipe, O_WRONLY)
    defer { close(writer) }
    let bytes = CaptureBuilder.lookUps.bytes()
    unsafe _ = write(writer, bytes, bytes.count)
    // The clock of the capture has to go on for a call to be handed on, so the last is not there yet.
    _ = try await eventually("nine calls; it said: \(program.output)") {
      program.output.split(separator: "\n").count >= 9 ? true : nil
    }
    #expect(program.isRunning)
    await program.stop(SIGINT)
    #expect(program.status == 75)
    #expect(program.output.contains("a9.test"))
    #expect(program.output.contains("stopped behind packet 20"))
  }
}
