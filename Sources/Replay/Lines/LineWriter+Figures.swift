// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// What flow reports and network metrics have in common.
extension LineWriter {
  mutating func traffic(_ figures: FlowFigures) {
    member(#","packet_tx":"#, figures.sent.packets)
    member(#","packet_rx":"#, figures.received.packets)
    member(#","byte_tx":"#, figures.sent.bytes)
    member(#","byte_rx":"#, figures.received.bytes)
    member(#","l3_byte_tx":"#, figures.sent.networkBytes)
    member(#","l3_byte_rx":"#, figures.received.networkBytes)
    member(#","l4_byte_tx":"#, figures.sent.transportBytes)
    member(#","l4_byte_rx":"#, figures.received.transportBytes)
  }

  mutating func latencies(_ figures: FlowFigures) {
    latency(#","srt_sum":"#, #","srt_count":"#, #","srt_max":"#, figures.systemResponse)
    latency(#","art_sum":"#, #","art_count":"#, #","art_max":"#, figures.dataResponse)
    latency(#","rrt_sum":"#, #","rrt_count":"#, #","rrt_max":"#, figures.callResponse)
    latency(#","cit_sum":"#, #","cit_count":"#, #","cit_max":"#, figures.clientIdle)
  }

  mutating func health(_ figures: FlowFigures) {
    member(#","retrans_tx":"#, figures.sentRetransmissions)
    member(#","retrans_rx":"#, figures.receivedRetransmissions)
    member(#","zero_win_tx":"#, figures.sentZeroWindows)
    member(#","zero_win_rx":"#, figures.receivedZeroWindows)
    member(#","ooo_tx":"#, figures.sentOutOfOrder)
    member(#","ooo_rx":"#, figures.receivedOutOfOrder)
    member(#","syn_count":"#, figures.syns)
    member(#","synack_count":"#, figures.synAcks)
    member(#","retrans_syn":"#, figures.synRetransmissions)
    member(#","retrans_synack":"#, figures.synAckRetransmissions)
  }

  mutating func calls(_ figures: FlowFigures) {
    member(#","l7_request":"#, figures.requests)
    member(#","l7_response":"#, figures.responses)
    member(#","l7_client_error":"#, figures.clientErrors)
    member(#","l7_server_error":"#, figures.serverErrors)
    member(#","l7_error":"#, figures.clientErrors &+ figures.serverErrors)
  }

  mutating func latency(
    _ sum: StaticString, _ count: StaticString, _ maximum: StaticString, _ samples: LatencySum
  ) {
    guard samples.count > 0 else { return }
    member(sum, samples.sum)
    member(count, samples.count)
    member(maximum, samples.maximum)
  }
}
