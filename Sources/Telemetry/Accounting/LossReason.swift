// SPDX-License-Identifier: Apache-2.0

/// Why something was not kept. An open set: the number travels, the name is for people.
package struct LossReason: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  package var rawValue: UInt16

  package init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// The ring buffer had no room (kernel).
  package static let ringFull = LossReason(rawValue: 1)
  /// A kernel map was full (kernel).
  package static let mapFull = LossReason(rawValue: 2)
  /// A lookup that must succeed did not (kernel).
  package static let lookupFailed = LossReason(rawValue: 3)
  /// User memory could not be read (kernel): the event goes on without its payload.
  package static let payloadUnreadable = LossReason(rawValue: 4)
  /// A probe was not run, as it ran on this CPU already (kernel): at most that many events are not seen.
  package static let probeMissed = LossReason(rawValue: 6)
  /// A record of an unknown layout came off the ring.
  package static let malformedEvent = LossReason(rawValue: 5)
  /// The table of conversations was full.
  package static let conversationTableFull = LossReason(rawValue: 16)
  /// The store of requests that wait for their answers was full.
  package static let pendingStoreFull = LossReason(rawValue: 17)
  /// No known protocol speaks on the socket.
  package static let unknownProtocol = LossReason(rawValue: 18)
  /// A known protocol's bytes could not be parsed, and the conversation was given up.
  package static let parseFailed = LossReason(rawValue: 19)
  /// Bytes that the parser needed were beyond the captured prefix or lost before us.
  package static let streamGap = LossReason(rawValue: 20)
  /// The answer to a request that was never seen.
  package static let unpairedResponse = LossReason(rawValue: 21)
  /// The rollup table was full.
  package static let rollupTableFull = LossReason(rawValue: 22)
  /// The service had as many endpoints as it may: the call counts as of `{other}`.
  package static let endpointTableFull = LossReason(rawValue: 44)
  /// The record batch reached its size bound before it was taken.
  package static let batchFull = LossReason(rawValue: 23)
  /// The table of flows was full.
  package static let flowTableFull = LossReason(rawValue: 24)
  /// A header is cut, contradicts itself, or is of a kind that is not decoded.
  package static let malformedPacket = LossReason(rawValue: 25)
  /// Not IP, or an IP protocol that has no flows.
  package static let notIP = LossReason(rawValue: 26)
  /// Bytes were cut off by the snap length.
  package static let snapLength = LossReason(rawValue: 27)
  /// The first fragment of an IP packet never came, or there was no room to remember it.
  package static let fragmentMissing = LossReason(rawValue: 28)
  /// The reassembly's memory was full.
  package static let reassemblyFull = LossReason(rawValue: 29)
  /// Left out by a random sample that keeps a rate: see the totals for how many there were.
  package static let sampled = LossReason(rawValue: 30)
  /// More packets than the agent may take in a second.
  package static let packetRate = LossReason(rawValue: 31)
  /// The agent shed load to stay inside its limits.
  package static let shedLoad = LossReason(rawValue: 32)
  /// The disk queue was full, or could not be written.
  package static let spoolFull = LossReason(rawValue: 33)
  /// A spooled batch could not be read back.
  package static let spoolCorrupt = LossReason(rawValue: 34)
  /// A copy of a packet that was captured before.
  package static let duplicatePacket = LossReason(rawValue: 41)
  /// The answer of a request that gave way: more waited than there was room for, and its conversation
  /// had the most of them, or it waited longest.
  package static let gaveWay = LossReason(rawValue: 40)
  /// The agent does not read the protocol any more, as reading it ended the agent several times.
  package static let protocolSuspended = LossReason(rawValue: 36)
  /// Seconds in which the agent was not there, or not yet, or not any more.
  package static let agentAway = LossReason(rawValue: 37)
  /// Too many processes waited to be read: this one is told by its thread's name.
  package static let processUnread = LossReason(rawValue: 38)
  /// The server refused a frame as malformed.
  package static let malformedFrame = LossReason(rawValue: 48)
  /// The server's store refused the rows.
  package static let storeRefused = LossReason(rawValue: 49)
  /// A record's time is older than its table's retention, or more than an hour ahead; or its interval
  /// is of no table.
  package static let timeOutOfRange = LossReason(rawValue: 50)
  /// Acknowledged batches that could not be read back from the journal.
  package static let journalCorrupt = LossReason(rawValue: 51)
  /// A span that was stored before: its sender had no answer and sent it again.
  package static let repeatedSpan = LossReason(rawValue: 52)
  /// A span of a body that was taken, but without an id or a time of its own.
  package static let malformedSpan = LossReason(rawValue: 53)

  /// Name, as `/metrics` and the ledger show it. Unknown numbers show as `reason_<n>`.
  package var name: String {
    switch self {
    case .ringFull: "ring_full"
    case .mapFull: "map_full"
    case .lookupFailed: "lookup_failed"
    case .payloadUnreadable: "payload_unreadable"
    case .malformedEvent: "malformed_event"
    case .probeMissed: "probe_missed"
    case .conversationTableFull: "conversation_table_full"
    case .pendingStoreFull: "pending_store_full"
    case .unknownProtocol: "unknown_protocol"
    case .parseFailed: "parse_failed"
    case .streamGap: "stream_gap"
    case .unpairedResponse: "unpaired_response"
    case .rollupTableFull: "rollup_table_full"
    case .endpointTableFull: "endpoint_table_full"
    case .batchFull: "batch_full"
    case .flowTableFull: "flow_table_full"
    case .malformedPacket: "malformed_packet"
    case .notIP: "not_ip"
    case .snapLength: "snap_length"
    case .fragmentMissing: "fragment_missing"
    case .reassemblyFull: "reassembly_full"
    case .sampled: "sampled"
    case .packetRate: "packet_rate"
    case .shedLoad: "shed_load"
    case .spoolFull: "spool_full"
    case .spoolCorrupt: "spool_corrupt"
    case .duplicatePacket: "duplicate_packet"
    case .gaveWay: "gave_way"
    case .protocolSuspended: "protocol_suspended"
    case .agentAway: "agent_away"
    case .processUnread: "process_unread"
    case .malformedFrame: "malformed_frame"
    case .storeRefused: "store_refused"
    case .timeOutOfRange: "time_out_of_range"
    case .journalCorrupt: "journal_corrupt"
    case .repeatedSpan: "repeated_span"
    case .malformedSpan: "malformed_span"
    default: "reason_\(rawValue)"
    }
  }
}
