// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What is known of a command without asking the server.
///
/// Names and arguments: https://redis.io/docs/latest/commands/
struct RedisCommand: Sendable {
  /// Which arguments are the users' data. Keys, fields' names, options and counts are shown.
  enum Mask: Sendable {
    case nothing
    /// The argument of this number (the first is 1).
    case only(Int)
    /// This one and all that follow, as one `?`.
    case from(Int)
    /// Every second one, this one first (`MSET key ? key ?`).
    case everySecond(Int)
    /// From this one on all but numbers and options (`INCRBY key 5`, `SET key ? EX 10`).
    case words(Int)
  }

  /// How the client's and the server's roles change with it.
  enum Effect: Sendable {
    case none
    /// The server answers with confirmations, one a channel, of this kind.
    case confirmed(RedisConfirmation)
    case monitor
    case replication
    /// REPLCONF, of which the kind ACK is not answered.
    case acknowledgement
    /// EXEC, whose answer holds those of others.
    case execution
    /// `CLIENT REPLY OFF` and `SKIP` silence the server.
    case client
    case reset
  }

  var name: StaticString
  var mask: Mask = .nothing
  var effect: Effect = .none
  var mayBlock = false
  /// Whether what is hidden are passwords, which no setting shows.
  var holdsPassword = false

  /// Whether the argument of this number is hidden.
  static func hides(
    _ argument: Int, of mask: Mask, _ bytes: Span<UInt8>, _ range: Range<Int>
  ) -> Bool {
    switch mask {
    case .nothing: false
    case .from(let first): argument >= first
    case .only(let place):
      argument == place || (argument > place && !isOptionOrNumber(bytes, range))
    case .everySecond(let first): argument >= first && (argument - first).isMultiple(of: 2)
    case .words(let first): argument >= first && !isOptionOrNumber(bytes, range)
    }
  }

  /// `EX`, `WITHSCORES` and so on; a count, a time, or the end of a range.
  private static func isOptionOrNumber(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    for option in options where equals(bytes, range, option) { return true }
    guard range.count <= 24 else { return false }
    for index in range {
      switch bytes[index] {
      case 0x30...0x39, 0x28, 0x2b, 0x2d, 0x2e: continue
      default: return false
      }
    }
    return true
  }

  private static let options: [StaticString] = [
    "EX", "PX", "EXAT", "PXAT", "NX", "XX", "GT", "LT", "GET", "KEEPTTL", "PERSIST", "WITHSCORES",
    "WITHSCORE", "LIMIT", "COUNT", "REV", "BYSCORE", "BYLEX", "ASC", "DESC", "REPLACE", "ABSTTL",
    "IDLETIME", "FREQ", "MATCH", "RANK", "MAXLEN", "INF", "+INF", "-INF", "FIELDS", "TYPE", "BIT",
    "BYTE", "WITHVALUES", "NOVALUES", "LEFT", "RIGHT", "ALPHA", "BY", "STORE",
  ]

  /// The command whose name is at `range`, in any case.
  static func named(_ bytes: Span<UInt8>, at range: Range<Int>) -> RedisCommand? {
    guard range.count >= 2, range.count <= 20 else { return nil }
    var place = firstPlace(ofName: bytes.clipped(range))
    // Some places are empty, so this ends.
    while true {
      let index = Int(all.places[place])
      guard index < all.commands.count else { return nil }
      if equals(bytes, range, all.commands[index].name) { return all.commands[index] }
      place = (place &+ 1) & (places - 1)
    }
  }

  /// Where a command of this name, in whatever case, is looked for first: by its first and last bytes.
  private static func firstPlace(ofName name: Span<UInt8>) -> Int {
    // Bits that make letters small leave digits and the dot as they are.
    let front = name.word(at: 0) | 0x2020_2020_2020_2020
    let back = name.word(at: max(0, name.count &- 8)) | 0x2020_2020_2020_2020
    let hash = (front ^ back &* 0xa076_1d64_78bd_642f) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: (hash ^ UInt64(name.count)) >> 32) & (places - 1)
  }

  /// Four times as many as there are commands, by and large.
  private static let places = 1_024

  static func upper(_ byte: UInt8) -> UInt8 {
    byte >= 0x61 && byte <= 0x7a ? byte & 0xdf : byte
  }

  static func equals(_ bytes: Span<UInt8>, _ range: Range<Int>, _ name: StaticString) -> Bool {
    guard range.count == name.utf8CodeUnitCount else { return false }
    return name.withUTF8Buffer { expected in
      for offset in 0..<expected.count
      where upper(bytes[range.lowerBound + offset]) != (unsafe expected[offset]) {
        return false
      }
      return true
    }
  }

  /// As ``equals(_:_:_:)``, but in this case only.
  static func isSame(_ bytes: Span<UInt8>, _ range: Range<Int>, _ name: StaticString) -> Bool {
    range.count == name.utf8CodeUnitCount && range.upperBound <= bytes.count
      && bytes.hasPrefix(name, at: range.lowerBound)
  }

  /// All commands, and which of them is at each place; `.max` for none.
  private static let all: (commands: [RedisCommand], places: [UInt16]) = {
    let commands =
      masked + ranged + passwords + changing + blocking + plain.map { RedisCommand(name: $0) }
    precondition(commands.count < places / 2, "a search for a name ends soon")
    var table = [UInt16](repeating: .max, count: places)
    for (index, command) in commands.enumerated() {
      var place = command.name.withUTF8Buffer { (name) -> Int in
        firstPlace(ofName: unsafe name.span)
      }
      while table[place] != .max { place = (place + 1) & (places - 1) }
      table[place] = UInt16(index)
    }
    return (commands, table)
  }()

  private static let masked: [RedisCommand] = [
    RedisCommand(name: "SET", mask: .only(2)), RedisCommand(name: "SETNX", mask: .only(2)),
    RedisCommand(name: "GETSET", mask: .only(2)), RedisCommand(name: "APPEND", mask: .only(2)),
    RedisCommand(name: "SETEX", mask: .only(3)), RedisCommand(name: "PSETEX", mask: .only(3)),
    RedisCommand(name: "SETRANGE", mask: .only(3)), RedisCommand(name: "SETBIT", mask: .only(3)),
    RedisCommand(name: "MSET", mask: .everySecond(2)),
    RedisCommand(name: "MSETNX", mask: .everySecond(2)),
    RedisCommand(name: "HSET", mask: .everySecond(3)),
    RedisCommand(name: "HMSET", mask: .everySecond(3)),
    RedisCommand(name: "HSETNX", mask: .only(3)), RedisCommand(name: "HSETEX", mask: .from(2)),
    RedisCommand(name: "LPUSH", mask: .from(2)), RedisCommand(name: "RPUSH", mask: .from(2)),
    RedisCommand(name: "LPUSHX", mask: .from(2)), RedisCommand(name: "RPUSHX", mask: .from(2)),
    RedisCommand(name: "LSET", mask: .only(3)), RedisCommand(name: "LREM", mask: .only(3)),
    RedisCommand(name: "LINSERT", mask: .from(3)), RedisCommand(name: "LPOS", mask: .only(2)),
    RedisCommand(name: "SADD", mask: .from(2)), RedisCommand(name: "SREM", mask: .from(2)),
    RedisCommand(name: "SMOVE", mask: .only(3)), RedisCommand(name: "SISMEMBER", mask: .only(2)),
    RedisCommand(name: "SMISMEMBER", mask: .from(2)),
    RedisCommand(name: "ZADD", mask: .from(2)), RedisCommand(name: "ZREM", mask: .from(2)),
    RedisCommand(name: "ZINCRBY", mask: .only(3)), RedisCommand(name: "ZSCORE", mask: .only(2)),
    RedisCommand(name: "ZMSCORE", mask: .from(2)), RedisCommand(name: "ZRANK", mask: .only(2)),
    RedisCommand(name: "ZREVRANK", mask: .only(2)), RedisCommand(name: "GEOADD", mask: .from(2)),
    RedisCommand(name: "GEOHASH", mask: .from(2)), RedisCommand(name: "GEOPOS", mask: .from(2)),
    RedisCommand(name: "GEODIST", mask: .from(2)), RedisCommand(name: "PFADD", mask: .from(2)),
    RedisCommand(name: "XADD", mask: .from(3)), RedisCommand(name: "RESTORE", mask: .only(3)),
    RedisCommand(name: "PUBLISH", mask: .only(2)), RedisCommand(name: "SPUBLISH", mask: .only(2)),
    RedisCommand(name: "ECHO", mask: .from(1)), RedisCommand(name: "PING", mask: .from(1)),
    RedisCommand(name: "EVAL", mask: .from(1)), RedisCommand(name: "EVAL_RO", mask: .from(1)),
    RedisCommand(name: "EVALSHA", mask: .from(2)),
    RedisCommand(name: "EVALSHA_RO", mask: .from(2)),
    RedisCommand(name: "FCALL", mask: .from(2)), RedisCommand(name: "FCALL_RO", mask: .from(2)),
    RedisCommand(name: "SCRIPT", mask: .from(2)), RedisCommand(name: "FUNCTION", mask: .from(2)),
    RedisCommand(name: "BITFIELD", mask: .from(2)), RedisCommand(name: "JSON.SET", mask: .from(3)),
  ]

  private static let passwords: [RedisCommand] = [
    RedisCommand(name: "AUTH", mask: .from(1), holdsPassword: true),
    RedisCommand(name: "HELLO", mask: .from(2), holdsPassword: true),
    RedisCommand(name: "CONFIG", mask: .from(3), holdsPassword: true),
    RedisCommand(name: "ACL", mask: .from(2), holdsPassword: true),
    RedisCommand(name: "MIGRATE", mask: .from(4), holdsPassword: true),
    RedisCommand(name: "SENTINEL", mask: .from(3), holdsPassword: true),
    RedisCommand(name: "DEBUG", mask: .from(2)), RedisCommand(name: "MODULE", mask: .from(3)),
  ]

  /// Behind the key, numbers; or values that are hidden.
  private static let ranged: [RedisCommand] =
    ([
      "EXPIRE", "EXPIREAT", "PEXPIRE", "PEXPIREAT", "INCRBY", "INCRBYFLOAT", "DECRBY", "GETBIT",
      "GETEX", "GETRANGE", "SUBSTR", "LINDEX", "LPOP", "RPOP", "LRANGE", "LTRIM", "BITCOUNT",
      "BITPOS", "BITFIELD_RO", "ZCOUNT", "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE",
      "ZRANGEBYLEX", "ZREVRANGEBYLEX", "ZLEXCOUNT", "ZREMRANGEBYLEX", "ZREMRANGEBYRANK",
      "ZREMRANGEBYSCORE", "ZPOPMAX", "ZPOPMIN", "SPOP", "SRANDMEMBER", "ZRANDMEMBER", "HRANDFIELD",
      "HSCAN", "SSCAN", "ZSCAN", "GEORADIUS", "GEORADIUS_RO", "GEORADIUSBYMEMBER", "GEOSEARCH",
    ] as [StaticString]).map { RedisCommand(name: $0, mask: .words(2)) }
    + (["HINCRBY", "HINCRBYFLOAT", "ZRANGESTORE", "GEOSEARCHSTORE"] as [StaticString]).map {
      RedisCommand(name: $0, mask: .words(3))
    }

  private static let changing: [RedisCommand] = [
    RedisCommand(name: "SUBSCRIBE", effect: .confirmed(.subscribe)),
    RedisCommand(name: "PSUBSCRIBE", effect: .confirmed(.psubscribe)),
    RedisCommand(name: "SSUBSCRIBE", effect: .confirmed(.ssubscribe)),
    RedisCommand(name: "UNSUBSCRIBE", effect: .confirmed(.unsubscribe)),
    RedisCommand(name: "PUNSUBSCRIBE", effect: .confirmed(.punsubscribe)),
    RedisCommand(name: "SUNSUBSCRIBE", effect: .confirmed(.sunsubscribe)),
    RedisCommand(name: "MONITOR", effect: .monitor),
    RedisCommand(name: "PSYNC", effect: .replication),
    RedisCommand(name: "SYNC", effect: .replication),
    RedisCommand(name: "CLIENT", mask: .from(3), effect: .client),
    RedisCommand(name: "RESET", effect: .reset),
    RedisCommand(name: "REPLCONF", effect: .acknowledgement),
    RedisCommand(name: "EXEC", effect: .execution),
  ]

  private static let blocking: [RedisCommand] =
    ([
      "BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "XREAD",
      "XREADGROUP", "WAIT", "WAITAOF",
    ] as [StaticString]).map { RedisCommand(name: $0, mayBlock: true) }

  private static let plain: [StaticString] = [
    "ASKING", "BGREWRITEAOF", "BGSAVE", "BITOP", "CLUSTER",
    "COMMAND", "COPY", "DBSIZE", "DECR", "DEL", "DISCARD", "DUMP",
    "EXISTS", "EXPIRETIME", "FAILOVER", "FLUSHALL", "FLUSHDB",
    "GET", "GETDEL",
    "HDEL", "HEXISTS", "HEXPIRE", "HGET", "HGETALL", "HGETDEL", "HGETEX",
    "HKEYS", "HLEN", "HMGET", "HPERSIST", "HPEXPIRE", "HPTTL",
    "HSTRLEN", "HTTL", "HVALS", "INCR", "INFO",
    "JSON.DEL", "JSON.GET", "JSON.MGET", "KEYS", "LASTSAVE", "LATENCY", "LCS", "LLEN",
    "LMOVE", "LMPOP", "LOLWUT", "MEMORY", "MGET", "MOVE",
    "MULTI", "OBJECT", "PERSIST", "PEXPIRETIME", "PFCOUNT", "PFMERGE",
    "PTTL", "PUBSUB", "QUIT", "RANDOMKEY", "READONLY", "READWRITE", "RENAME", "RENAMENX",
    "REPLICAOF", "ROLE", "RPOPLPUSH", "SAVE", "SCAN", "SCARD", "SDIFF",
    "SDIFFSTORE", "SELECT", "SHUTDOWN", "SINTER", "SINTERCARD", "SINTERSTORE",
    "SLAVEOF", "SLOWLOG", "SMEMBERS", "SORT", "SORT_RO", "STRLEN",
    "SUNION", "SUNIONSTORE", "SWAPDB", "TIME", "TOUCH", "TTL", "TYPE", "UNLINK",
    "UNWATCH", "WATCH", "XACK", "XAUTOCLAIM", "XCLAIM", "XDEL", "XGROUP", "XINFO", "XLEN",
    "XPENDING", "XRANGE", "XREVRANGE", "XSETID", "XTRIM", "ZCARD", "ZDIFF", "ZDIFFSTORE",
    "ZINTER", "ZINTERCARD", "ZINTERSTORE", "ZMPOP",

    "ZUNION", "ZUNIONSTORE",
  ]
}

/// The kinds of confirmation that the (un)subscribing commands bring, one for each channel.
enum RedisConfirmation: Int, CaseIterable, Sendable {
  case subscribe, psubscribe, ssubscribe, unsubscribe, punsubscribe, sunsubscribe

  var name: StaticString {
    switch self {
    case .subscribe: "SUBSCRIBE"
    case .psubscribe: "PSUBSCRIBE"
    case .ssubscribe: "SSUBSCRIBE"
    case .unsubscribe: "UNSUBSCRIBE"
    case .punsubscribe: "PUNSUBSCRIBE"
    case .sunsubscribe: "SUNSUBSCRIBE"
    }
  }
}
