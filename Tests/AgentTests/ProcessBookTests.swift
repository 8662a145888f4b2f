// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Agent

/// Who processes are, while /proc is as slow as it likes.
@Suite struct ProcessBookTests {
  /// A host whose processes are read when the test says so.
  private final class Host: Sendable {
    private let names = Mutex<[ProcessKey: String]>([:])
    private let isSlow = Mutex(false)

    func set(_ key: ProcessKey, _ name: String?) { names.withLock { $0[key] = name } }
    func setSlow(_ slow: Bool) { isSlow.withLock { $0 = slow } }

    func read(_ key: ProcessKey) -> ProcessReport? {
      while isSlow.withLock({ $0 }) {}
      return names.withLock { $0[key] }.map { name in
        // Of a zombie the kernel has the thread's name alone.
        let isDead = name.hasPrefix("zombie ")
        return ProcessReport(
          key: key, parentPID: 1, startTime: Timestamp(seconds: 1), name: name, kernelName: name,
          commandLine: isDead ? "" : name, executable: isDead ? "" : "/" + name, userID: 0,
          networkNamespace: 1, containerID: "")
      }
    }
  }

  private let now = Timestamp(seconds: 9)

  private func key(_ number: UInt32) -> ProcessKey {
    ProcessKey(pid: number, startedAfterBoot: 7)
  }

  /// The capture thread goes behind others, and what it starts begins where it stands.
  @Test func namesAreNotReadAtTheLevelOfWhoWantsThem() async throws {
    final class Levels: Sendable {
      private let seen = Mutex<[CInt]>([])
      static var own: CInt { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
      func note() { seen.withLock { $0.append(Self.own) } }
      var all: [CInt] { seen.withLock { $0 } }
    }
    let levels = Levels()
    let lookup = ProcessLookup { _ in
      levels.note()
      return nil
    }
    let own = Levels.own
    #expect(
      startThread {
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, own + 7)
        for number: UInt32 in 1...64 {
          _ = lookup.want(ProcessKey(pid: number, startedAfterBoot: 1))
        }
      })
    #expect(await eventually { levels.all.count == 64 })
    #expect(levels.all == Array(repeating: own, count: 64))
  }

  @Test func aProcessThatIsGoneWhenItIsMentionedHasItsName() async throws {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    host.set(key(5), "curl")
    book.started(key(5))
    #expect(await eventually { book.isIdle })
    host.set(key(5), nil)
    #expect(book.describe([key(5)], now: now).map(\.name) == ["curl"])
  }

  /// Nobody waits for /proc: the whole follows.
  @Test func aProcessThatIsNotReadYetIsToldAgainWhenItIs() async throws {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    host.set(key(5), "nginx: worker")
    host.setSlow(true)
    book.saw(key(5), threadName: ThreadName("nginx"))
    #expect(book.describe([key(5)], now: now).map(\.name) == ["nginx"])
    #expect(book.describe([], now: now).isEmpty)
    host.setSlow(false)
    #expect(await eventually { book.isIdle })
    #expect(book.describe([], now: now).map(\.name) == ["nginx: worker"])
    #expect(book.describe([], now: now).isEmpty)
  }

  @Test func aProcessThatRunsAnotherProgramIsToldAnew() async throws {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    host.set(key(5), "sh")
    book.started(key(5))
    #expect(await eventually { book.isIdle })
    #expect(book.describe([key(5)], now: now).map(\.name) == ["sh"])
    host.set(key(5), "curl")
    book.started(key(5))
    #expect(await eventually { book.isIdle })
    #expect(book.describe([], now: now).map(\.name) == ["curl"])
  }

  /// A server that forks for each connection: whether its child was still there to be read must not
  /// decide what it is called.
  @Test(arguments: [nil, "shop.py", "zombie python3"])
  func aForkedChildIsCalledAsItsParent(asRead: String?) async throws {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    host.set(key(4), "shop.py")
    host.set(key(5), asRead)
    book.started(key(5), parent: key(4))
    book.saw(key(5), threadName: ThreadName("python3"))
    #expect(await eventually { book.isIdle })
    book.ended(key(5))
    let told = book.describe([key(5)], now: now)
    #expect(told.map(\.name) == ["shop.py"])
    #expect(told.map(\.commandLine) == ["shop.py"])
    #expect(told.map(\.key) == [key(5)])
    if asRead != "shop.py" { #expect(told.map(\.parentPID) == [4]) }
  }

  /// A daemon forks twice, and its parent may end before anybody asks.
  @Test func aGrandchildIsCalledAsWhoWasRead() async throws {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    host.set(key(4), "shop.py")
    book.started(key(5), parent: key(4))
    book.started(key(6), parent: key(5))
    #expect(await eventually { book.isIdle })
    book.takeReports()
    host.set(key(4), nil)
    book.ended(key(4))
    book.ended(key(5))
    book.forgetEnded()
    #expect(book.describe([key(6)], now: now).map(\.name) == ["shop.py"])
  }

  /// One that executed another program is not its parent any more.
  @Test func aChildThatExecutedIsNotCalledAsItsParent() async throws {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    host.set(key(4), "start.sh")
    book.started(key(5), parent: key(4))
    book.started(key(5))
    book.saw(key(5), threadName: ThreadName("curl"))
    #expect(await eventually { book.isIdle })
    #expect(book.describe([key(5)], now: now).map(\.name) == ["curl"])
  }

  /// The newest have their names, however many came before them and never ended.
  @Test func theOldestGiveWay() async throws {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    for number in 1...UInt32(3 * ProcessBook.limit) {
      book.saw(key(number), threadName: ThreadName("p"))
      if number % 1_000 == 0 {
        #expect(await eventually { book.isIdle })
        book.takeReports()
      }
    }
    let last = key(UInt32(3 * ProcessBook.limit))
    #expect(book.describe([last], now: now).map(\.name) == ["p"])
  }

  @Test func whatFindsNoRoomIsCounted() {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    host.setSlow(true)
    for number in 1...UInt32(4 * ProcessLookup.limit) { book.started(key(number)) }
    let tally = book.takeTally()
    #expect(tally.balances)
    #expect(tally.dropped.map(\.reason) == [.processUnread])
    host.setSlow(false)
    book.end()
  }

  @Test func moreThanAFrameTakesIsToldInSeveral() {
    let host = Host()
    var book = ProcessBook { host.read($0) }
    let all = (1...UInt32(ProcessBook.perBatch + 5)).map { key($0) }
    #expect(book.describe(all, now: now).count == ProcessBook.perBatch)
    #expect(book.describe([], now: now).count == 5)
  }
}

@Suite struct RecentTableTests {
  @Test func theOldestGoesForANewOne() {
    var table = RecentTable<Int, Int>(limit: 3)
    for number in 0..<1_000 {
      table[number] = number
      table[0] = table[0].map { $0 + 1 }
      #expect(table.count <= 3)
    }
    #expect(table[999] == 999 && table[998] == 998 && table[997] == 997 && table[0] == nil)
    table[998] = nil
    table[1_000] = 1
    #expect(table[997] == 997)
    table[998] = 5
    #expect(table[997] == nil && table[998] == 5)
  }
}

@Suite struct LossFoldingTests {
  @Test func whatIsToldLessExactlyIsToldWhole() {
    var batch = RecordBatch()
    for second in 0..<5_000 {
      batch.losses.append(
        LossEntry(time: Timestamp(seconds: Int64(second)), stage: .ring, received: 3, passed: 2))
      batch.losses.append(
        LossEntry(
          time: Timestamp(seconds: Int64(second)), stage: .ring, reason: .ringFull, dropped: 1))
    }
    for number in 0..<5_000 {
      batch.endedProcesses.append(ProcessKey(pid: UInt32(number), startedAfterBoot: 1))
    }
    let kept = batch.essence(limit: 4_096, now: Timestamp(seconds: 7_000))
    #expect(kept.losses.count <= 4)
    let ring = kept.losses.filter { $0.stage == .ring }
    #expect(ring.reduce(0) { $0 + $1.received } == 15_000)
    #expect(ring.reduce(0) { $0 + $1.dropped } == 5_000)
    #expect(ring.allSatisfy { $0.time.seconds == 4_999 })
    let processes = kept.losses.filter { $0.stage == .processes }
    #expect(processes.reduce(0) { $0 + $1.dropped } == 904)
    #expect(kept.endedProcesses.count == 4_096)
  }
}
