// SPDX-License-Identifier: Apache-2.0

/// What is remembered of a stream that is not over.
struct HTTP2Stream: Sendable {
  struct Flags: OptionSet, Sendable {
    var rawValue: UInt8

    /// The head of its response was seen.
    static let isAnswered = Flags(rawValue: 1)
    /// The response's status could not be read.
    static let isUnreadable = Flags(rawValue: 2)
    /// The length of the body was said in front.
    static let requestHasLength = Flags(rawValue: 4)
    static let responseHasLength = Flags(rawValue: 8)
    /// Its status stands behind the body, as gRPC's does.
    static let hasStatusAtEnd = Flags(rawValue: 16)
    /// Its bodies are messages that are counted.
    static let hasMessages = Flags(rawValue: 32)
    /// Its status is one of the last messages of its body, as gRPC-Web's is.
    static let hasStatusInBody = Flags(rawValue: 64)
    /// What is looked for in its bodies is in the parser's `contents`.
    static let hasContent = Flags(rawValue: 128)
  }

  var id: UInt32
  var flags: Flags = []
  var request = GRPCWalk()
  var response = GRPCWalk()
  /// What its body said of itself.
  var status: Int32?
}

/// The streams of a connection that are not over, in the order of their ids, which is that in which they were
/// opened. Bounded: of more than ``limit`` the oldest is no longer told from those that nobody saw begin.
struct HTTP2Streams: Sendable {
  static let limit = 256

  private var streams: [HTTP2Stream] = []
  /// The last that the client opened.
  private(set) var last: UInt32 = 0

  var footprint: Int { streams.capacity * MemoryLayout<HTTP2Stream>.stride }

  /// Where the stream is; nil when it is not known.
  func place(_ id: UInt32) -> Int? {
    var low = 0
    var high = streams.count
    while low < high {
      let middle = (low + high) / 2
      if streams[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < streams.count && streams[low].id == id ? low : nil
  }

  subscript(place: Int) -> HTTP2Stream {
    get { streams[place] }
    set { streams[place] = newValue }
  }

  /// Remembers a stream that the client opens; one with the id of another, or less, is not.
  mutating func open(_ stream: HTTP2Stream) {
    guard stream.id > last else { return }
    last = stream.id
    if streams.count == Self.limit { streams.removeFirst() }
    streams.append(stream)
  }

  mutating func close(_ id: UInt32) {
    if let place = place(id) { streams.remove(at: place) }
  }

  /// Bytes of bodies of `side` were lost.
  mutating func loseMessages(of side: Side) {
    for place in streams.indices {
      if side == .client { streams[place].request.lose() } else { streams[place].response.lose() }
    }
  }

  /// Takes out a stream behind `id` that is not answered; nil when there is none.
  mutating func takeUnanswered(behind id: UInt32) -> UInt32? {
    guard let place = streams.firstIndex(where: { $0.id > id && !$0.flags.contains(.isAnswered) })
    else { return nil }
    return streams.remove(at: place).id
  }
}

/// The rest of a DATA frame.
struct HTTP2Body: Sendable {
  var stream: UInt32
  var payload: Int
  var padding: Int
  /// Whether the response ends with it.
  var isEnd: Bool
}

extension HTTP2Stream {
  /// Moves over bytes of a body; how many messages begin there.
  mutating func walk(_ bytes: Span<UInt8>, _ range: Range<Int>, from side: Side) -> UInt32 {
    side == .client ? request.advance(bytes, range) : response.advance(bytes, range)
  }

  /// Moves over bytes that are not there, if no message begins among them.
  mutating func skips(_ count: Int, from side: Side) -> Bool {
    guard side == .client ? request.isInside(count) : response.isInside(count) else { return false }
    if side == .client { request.skip(count) } else { response.skip(count) }
    return true
  }

  /// Says that it was a stream of messages, and whose.
  func tellKind(on desk: inout Desk) {
    guard flags.contains(.hasMessages), !request.isLost, !response.isLost,
      request.count > 1 || response.count > 1
    else { return }
    let kind: StaticString =
      response.count <= 1 ? "client" : request.count <= 1 ? "server" : "both"
    desk.fields.append(attribute: "rpc.streaming", kind, to: &desk.message.attributes)
  }
}
