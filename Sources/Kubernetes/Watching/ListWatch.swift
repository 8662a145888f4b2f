// SPDX-License-Identifier: Apache-2.0

package import Telemetry

/// Keeps up with all objects of one kind: lists them in pages, then watches what changes, and begins
/// anew where the server says that too much was missed.
///
/// It does no input or output. Whoever drives it does what ``request`` says and tells what came of it,
/// with the time and a random number; what is learned is appended to `events`, in order.
package struct ListWatch: Sendable {
  package enum Request: Hashable, Sendable {
    /// GET, and the whole body to ``listed(_:at:jitter:into:)``.
    case list(path: String)
    /// GET, and the body as it comes to ``received(_:at:jitter:into:)``, until ``isStreaming`` ends.
    case watch(path: String)
    case pause(milliseconds: Int)
  }

  package enum Event: Hashable, Sendable {
    /// A list begins. What is not found until it is complete is gone.
    case began(at: Timestamp)
    case found(KubernetesObject, at: Timestamp)
    /// Everything was listed. What was not found was last known to be there at `lastHeard`, which is
    /// nil for the first list.
    case complete(lastHeard: Timestamp?)
    case changed(KubernetesObject, at: Timestamp)
    case deleted(KubernetesObject, at: Timestamp)
  }

  package struct Limits: Hashable, Sendable {
    /// Objects asked for at a time.
    package var page = 500
    /// Bytes of a line: an object may have some MiB.
    package var lineBytes = 8 << 20

    package init() {}
  }

  package let kind: KubernetesKind
  package let limits: Limits
  package private(set) var state = WatchState.starting
  /// Whether a watch is open.
  package private(set) var isStreaming = false
  /// Lists that were begun, and watches that were opened.
  package private(set) var lists = 0
  package private(set) var watches = 0
  /// Objects without what makes them usable, and events of a type that is not known.
  package private(set) var unusable = 0

  private let watchSeconds: Int
  private var isListing = true
  private var continueToken = ""
  private var resourceVersion = ""
  private var pause: Int?
  private var listedObjects = 0
  private var backoff = WatchBackoff()
  private var lines: LineCutter
  private var times = EventTimes()

  /// - Parameter watchSeconds: for how long the server is asked to keep a watch open; another number
  ///   for each kind, so that they do not end together.
  package init(_ kind: KubernetesKind, watchSeconds: Int = 300, limits: Limits = Limits()) {
    self.kind = kind
    self.limits = limits
    self.watchSeconds = watchSeconds
    lines = LineCutter(limit: limits.lineBytes)
  }

  /// What to do now.
  package var request: Request {
    if let pause { return .pause(milliseconds: pause) }
    guard isListing else {
      return .watch(
        path: kind.path + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=\(watchSeconds)"
          + "&resourceVersion=" + Self.escaped(resourceVersion))
    }
    let path = kind.path + "?limit=\(limits.page)"
    return .list(
      path: continueToken.isEmpty ? path : path + "&continue=" + Self.escaped(continueToken))
  }

  /// The pause is over.
  package mutating func resume() {
    pause = nil
  }

  /// A page came.
  ///
  /// - Parameter began: when it was asked for: nothing in it is older.
  package mutating func listed(
    _ body: Span<UInt8>, began: Timestamp, at now: Timestamp, jitter: UInt64,
    into events: inout [Event]
  ) {
    let page: ListPage
    do throws(JSONFault) {
      page = try ListPage(kind, body)
    } catch {
      fail(.malformed("\(error)"), jitter: jitter)
      return
    }
    if continueToken.isEmpty {
      lists += 1
      listedObjects = 0
      times.listBegins(at: began)
      events.append(.began(at: began))
    }
    for object in page.objects {
      guard isUsable(object) else { continue }
      events.append(.found(object, at: now))
    }
    listedObjects += page.objects.count
    continueToken = page.continueToken
    guard continueToken.isEmpty else {
      state = .listing(objects: listedObjects)
      return
    }
    events.append(.complete(lastHeard: times.listEnds()))
    resourceVersion = page.resourceVersion
    isListing = false
    state = .opening
  }

  /// The server has begun to answer a watch, with 200.
  package mutating func opened(at now: Timestamp) {
    watches += 1
    lines.removeAll()
    isStreaming = true
    times.watchOpens(at: now)
    state = .watching
  }

  /// More of a watch came.
  package mutating func received(
    _ chunk: Span<UInt8>, at now: Timestamp, jitter: UInt64, into events: inout [Event]
  ) {
    guard isStreaming else { return }
    lines.append(chunk)
    while isStreaming, let line = lines.next() {
      take(line, at: now, jitter: jitter, into: &events)
    }
    if isStreaming, lines.isOverfull { relist(.tooLarge(limit: limits.lineBytes), jitter: jitter) }
  }

  private mutating func take(
    _ bytes: [UInt8], at now: Timestamp, jitter: UInt64, into events: inout [Event]
  ) {
    let line: WatchLine
    do throws(JSONFault) {
      line = try WatchLine(kind, bytes.span)
    } catch {
      // What was said is lost, so what is known may be wrong.
      relist(.malformed("\(error)"), jitter: jitter)
      return
    }
    let object = line.received.object
    switch line.kind {
    case .error:
      let status = line.received.status
      if status.code == 410 {
        relist(.tooOld, jitter: jitter)
      } else {
        fail(
          .refused(status: status.code, message: status.message, waitMilliseconds: 0),
          jitter: jitter)
      }
      return
    case .bookmark: times.bookmark(at: now)
    case .other: unusable += 1
    case .added, .modified, .deleted:
      guard isUsable(object) else { break }
      let time = times.time(of: line, at: now)
      events.append(
        line.kind == .deleted ? .deleted(object, at: time) : .changed(object, at: time))
    }
    backoff.reset()
    let version = object.metadata.resourceVersion
    if !version.isEmpty { resourceVersion = version }
  }

  private mutating func isUsable(_ object: KubernetesObject) -> Bool {
    let isUsable = !object.metadata.uid.isEmpty && !object.metadata.name.isEmpty
    if !isUsable { unusable += 1 }
    return isUsable
  }

  /// The server ended the watch, as it does from time to time.
  package mutating func closed(jitter: UInt64) {
    guard isStreaming else { return }
    guard lines.isEmpty else {
      return fail(.malformed("a watch that ends within a line"), jitter: jitter)
    }
    isStreaming = false
    // One that ends at once would be asked for in a loop.
    pause = backoff.next(.disconnected, jitter: jitter)
    state = .opening
  }

  /// What was asked for did not come, or ended in the middle.
  package mutating func fail(_ trouble: WatchTrouble, jitter: UInt64) {
    guard trouble != .tooOld else { return relist(trouble, jitter: jitter) }
    wait(trouble, jitter: jitter)
  }

  private mutating func wait(_ trouble: WatchTrouble, jitter: UInt64) {
    isStreaming = false
    let milliseconds = backoff.next(trouble, jitter: jitter)
    pause = milliseconds
    state = .waiting(trouble, milliseconds: milliseconds)
  }

  /// Begins from the first page.
  private mutating func relist(_ trouble: WatchTrouble, jitter: UInt64) {
    isListing = true
    continueToken = ""
    wait(trouble, jitter: jitter)
  }

  /// As a query's value (RFC 3986 section 2.3).
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        escaped += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
      }
    }
    return escaped
  }
}
