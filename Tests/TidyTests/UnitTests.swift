// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The units of systemd.
@Suite struct UnitTests {
  static let names = ["metaflow-server", "metaflow-agent"]

  static let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")

  private func unit(_ name: String) throws -> String {
    let place = Repository.checkout.root.appending(path: "packaging/systemd/\(name).service")
    return try String(contentsOf: place, encoding: .utf8)
  }

  /// The values of a key, over all sections.
  private func values(_ key: String, in text: String) -> [String] {
    text.split(separator: "\n").filter { $0.hasPrefix(key + "=") }
      .map { String($0.dropFirst(key.count + 1)) }
  }

  @Test(arguments: names) func itIsStartedAgainAndGivesWay(name: String) throws {
    let text = try unit(name)
    #expect(values("Restart", in: text) == ["always"])
    #expect(values("StartLimitIntervalSec", in: text) == ["0"])
    #expect(values("Nice", in: text).compactMap { Int($0) }.allSatisfy { $0 > 0 })
    #expect(values("CPUWeight", in: text).compactMap { Int($0) }.allSatisfy { $0 < 100 })
    #expect(values("ExecStart", in: text).first?.hasPrefix("/usr/bin/\(name) ") == true)
  }

  /// One that ends takes nothing along.
  @Test(arguments: names) func itHangsOnNoOtherUnitOfOurs(name: String) throws {
    let text = try unit(name)
    for key in ["Requires", "BindsTo", "PartOf", "Requisite", "Wants", "Conflicts", "After"] {
      #expect(values(key, in: text).allSatisfy { !$0.contains("metaflow") })
    }
  }

  @Test(.enabled(if: isThere, "systemd is not there"))
  func systemdTakesThem() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "metaflow-units-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in Self.names {
      // The programs need not be installed here.
      let place = folder.appending(path: "\(name).service")
      try unit(name).replacing("/usr/bin/\(name) ", with: "/bin/true ")
        .write(to: place, atomically: true, encoding: .utf8)
      let analyze = Process()
      analyze.executableURL = URL(filePath: "/usr/bin/systemd-analyze")
      analyze.arguments = ["verify", "--man=no", place.path]
      let output = Pipe()
      analyze.standardError = output
      analyze.standardOutput = output
      try analyze.run()
      let said = output.fileHandleForReading.readDataToEndOfFile()
      analyze.waitUntilExit()
      let text = String(decoding: said, as: UTF8.self)
      #expect(analyze.terminationStatus == 0 && !text.contains("\(name).service:"), "\(text)")
    }
  }
}
