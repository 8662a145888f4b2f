// SPDX-License-Identifier: Apache-2.0

/// Keeps inserts from a table while another one takes its place.
struct InsertGate {
  private var closed: Set<String> = []
  private var running: [String: Int] = [:]
  private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
  private var closing: [String: CheckedContinuation<Void, Never>] = [:]

  func isClosed(_ table: String) -> Bool { closed.contains(table) }
  func isBusy(_ table: String) -> Bool { running[table, default: 0] > 0 }

  mutating func wait(for table: String, _ continuation: CheckedContinuation<Void, Never>) {
    waiting[table, default: []].append(continuation)
  }

  mutating func waitUntilIdle(
    _ table: String, _ continuation: CheckedContinuation<Void, Never>
  ) {
    closing[table] = continuation
  }

  mutating func enter(_ table: String) { running[table, default: 0] += 1 }

  mutating func leave(_ table: String) {
    running[table, default: 0] -= 1
    guard !isBusy(table) else { return }
    running[table] = nil
    closing.removeValue(forKey: table)?.resume()
  }

  mutating func close(_ table: String) { closed.insert(table) }

  mutating func open(_ table: String) {
    closed.remove(table)
    for continuation in waiting.removeValue(forKey: table) ?? [] { continuation.resume() }
  }
}

extension EmbeddedEngine {
  /// Waits until rows may go into a table.
  func enter(_ table: String) async {
    while gate.isClosed(table) {
      await withCheckedContinuation { gate.wait(for: table, $0) }
    }
    gate.enter(table)
  }

  func leave(_ table: String) { gate.leave(table) }

  /// Lets no insert into a table begin, and waits for those that have.
  func close(gateOf table: String) async {
    gate.close(table)
    while gate.isBusy(table) {
      await withCheckedContinuation { gate.waitUntilIdle(table, $0) }
    }
  }

  func open(gateOf table: String) { gate.open(table) }
}
