// SPDX-License-Identifier: Apache-2.0

/// What bounds a ``FlowTable``, and the rules that an operator may set. Times are nanoseconds.
package struct FlowTableLimits: Sendable {
  /// Flows followed at a time.
  package var flows = 131_072
  /// Interfaces that may be described.
  package var interfaces = 65_536
  /// Silence after which a flow ends, by its state: established; reset after, or before, it was
  /// established; finished by one side, or by both without an answer to the last FIN; finished by
  /// both; anything else, and what is not TCP.
  package var establishedTimeout: Int64 = 300_000_000_000
  package var resetTimeout: Int64 = 35_000_000_000
  package var refusedTimeout: Int64 = 1_000_000_000
  package var halfClosedTimeout: Int64 = 120_000_000_000
  package var finishedTimeout: Int64 = 2_000_000_000
  package var otherTimeout: Int64 = 5_000_000_000
  /// How much later than its time a packet may come: seconds close, and flows end, this much later.
  package var lateness: Int64 = 1_000_000_000
  /// How far back time may go; further back the clock was set, and everything begins anew.
  package var longestStepBack: Int64 = 2_000_000_000
  /// A flow that goes on is reported this often.
  package var reportInterval: Int64 = 60_000_000_000
  /// A flow in a full table gives its place to a new one when it was silent for this long.
  package var idleBeforeEviction: Int64 = 5_000_000_000
  /// Flow records a second that are kept, over four seconds; nil for all.
  package var flowRecordsPerSecond: Int? = 10_000
  /// Keys the random sample of flow records.
  package var sampleSeed: UInt64 = 0x2545_f491_4f6c_dd1d
  /// Ports that a server is known to listen on, TCP and UDP.
  package var serverPorts: [UInt16] = []
  /// Ends (address and port) whose number of peers is remembered, to tell servers from clients.
  package var rememberedEnds = 16_384
  /// Directions of TCP connections whose missing bytes are remembered at a time, and flows whose echo
  /// requests are.
  package var disorderedDirections = 16_384
  package var echoFlows = 16_384
  /// Pairs of ends that the network figures are kept for at a time, which bounds the rows of one
  /// interval. The last eighth is for rows without a client.
  package var rollupPairs = 32_768
  /// Bytes of request domains held, of all flows.
  package var domainBytes = 8 << 20
  /// Flow records in a batch after which nothing more is ended or reported before the batch is taken,
  /// so that many flows which end at once come in several batches; likewise rows of seconds, where
  /// the next may exceed the bound below. Nil when whoever takes them wants all at once.
  package var flowsAtOnce: Int?
  /// Bounds of the batch: what exceeds them is dropped and counted.
  package var batchFlows = 131_072
  package var batchNetworkMetrics = 131_072
  package var batchTextBytes = 32 << 20
  /// The first flow id given out. Start from the clock, so that ids of two runs differ.
  package var firstFlowID: UInt64 = 1
  /// Keys the hash tables; give a random one, so that nobody can aim at one bucket.
  package var hashSeed: UInt64 = 0x9e37_79b9_7f4a_7c15

  package init() {}
}
