// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// What bounds a ``FlowPipeline``: every table, queue and buffer in it.
package struct FlowLimits: Sendable {
  /// Sockets followed at a time.
  package var conversations = 65_536
  /// Who gives its place to new ones when the table is full: a conversation whose exchanges are over, or
  /// else one silent for at least this long. A new connection always finds a place.
  package var idleBeforeEviction: Int64 = 1_000_000_000
  /// A conversation silent for this long is forgotten: its end must have been missed. Nanoseconds.
  package var idleBeforeRemoval: Int64 = 3_600_000_000_000
  /// Bytes kept of one direction while a message is incomplete.
  package var streamBytes = 32_768
  /// Bytes that a protocol is recognised by, at most.
  package var recognitionBytes = 2_048
  /// Turns of a conversation that are offered to the protocols before it is muted.
  package var recognitionTurns: UInt8 = 16
  /// Bytes kept of a conversation until its protocol is recognised, apart from the current turn's; and
  /// of all conversations.
  package var backlogBytes = 8_192
  package var backlogBytesOfAll = 8 << 20
  /// Bytes kept of a turn that no protocol knows, until the other side speaks.
  package var refusedBytes = 1_024
  /// Data events of an unrecognised conversation before it is muted, turns or not.
  package var recognitionEvents: UInt16 = 256
  /// A muted socket is looked at again after this time, then after twice that, up to an hour.
  package var muteTime: Int64 = 60_000_000_000
  /// Parse failures in a row, each followed by a new recognition, before a conversation is muted.
  package var parseFailures: UInt8 = 8
  /// Chunks of one direction held while the bytes before them are missing, and for how long.
  package var heldChunks = 4
  package var holdTime: Int64 = 200_000_000
  /// Bytes so held of all conversations; beyond it those held longest are waited for no more.
  package var heldBytesOfAll = 8 << 20
  /// Bytes of incomplete messages of all conversations.
  package var unreadBytesOfAll = 32 << 20
  /// What all conversations keep of bytes, for whatever reason: until a protocol is recognised, until they
  /// are in order, until their message is whole, until it is answered. Less than the sum of the bounds of
  /// each: they are not all reached at once, but by whoever means to.
  package var bytesOfAll = 48 << 20
  /// Requests without an answer, of all conversations and of one.
  package var pendingCalls = 32_768
  package var pendingCallsPerConversation = 1_024
  /// Bytes of the paths of UNIX sockets, each kept once.
  package var pathBytes = 1 << 20
  /// Bytes of text that requests may hold while they wait, of all conversations.
  package var pendingTextBytes = 16 << 20
  /// A response whose end only the next request shows counts as ended after this silence.
  package var silenceEndsResponse: Int64 = 1_000_000_000
  /// A response without a declared length that still goes on after this time is told of as it is then:
  /// server-sent events and watches never end.
  package var endlessResponse: Int64 = 60_000_000_000
  /// Threads whose last message is remembered for syscall trace ids.
  package var threads = 32_768
  /// Processes remembered as told.
  package var processes = 32_768
  /// Rows of one second, and of one minute. The last eighth is for rows without an endpoint.
  package var rollupRowsPerSecond = 16_384
  package var rollupRowsPerMinute = 65_536
  /// Nanoseconds after its end that a second stays open for late calls.
  package var rollupGrace: Int64 = 1_000_000_000
  /// Bounds of the batch that fills between two ``FlowPipeline/takeBatch(into:)``.
  package var batchCalls = 65_536
  package var batchMetrics = 65_536
  package var batchTextBytes = 32 << 20
  /// Bytes copied of a call of a conversation that was muted and is looked at again.
  package var unknownBytes: UInt32 = 1_024
  /// Bytes copied of a call that sends answers with bodies, and those it is raised to, step by step,
  /// when heads are cut; of one that sends results; and of all others.
  package var bodyBytes: [UInt32] = [1_024, 16_384, 1 << 20]
  package var resultBytes: UInt32 = 65_536
  package var wholeBytes: UInt32 = 1 << 20
  /// Bytes to come that nobody will read, of which on none are copied, and of which on all are again,
  /// early enough for what follows them.
  package var longBody = 4 << 20
  package var longBodyRest = 2 << 20
  /// Flow records of sockets in a second, and connections whose last one is remembered.
  package var socketFlowsPerSecond = 2_000
  package var socketFlows = 16_384
  /// Verdicts that wait to be taken.
  package var verdicts = 65_536
  /// The first syscall trace id given out. Start from the clock, so that ids of two runs differ.
  package var firstTraceID: UInt64 = 1
  /// Time is told at least this often: when more has passed at once, the clock was set, and what waits
  /// is given as much more time. Nil where time may jump, as in capture files.
  package var longestSilence: Int64?
  /// How far back time may go, as events of several threads and processors do; further back the clock
  /// was set.
  package var longestStepBack: Int64 = 500_000_000
  /// Keys the hash tables; give a random one, so that nobody can aim at one bucket.
  package var hashSeed: UInt64 = 0x9e37_79b9_7f4a_7c15

  /// Whether each batch has the rows by the second of exactly the calls in it, so that one second may be
  /// several rows of a key, which add up; whoever takes the batches makes the rows by the minute.
  package var rollsUpByBatch = false
  /// Where the thread that feeds the pipeline leaves word of what it parses.
  package var breadcrumb = Breadcrumb()

  package init() {}
}
