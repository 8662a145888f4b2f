// SPDX-License-Identifier: Apache-2.0

import Storage

/// Where the columns of `flow_log.l4_flow_log` stand, in the groups of its declaration.
extension FlowLogRows {
  struct Base: Sendable {
    let time, number, startTime, endTime, agent, signalSource, observationPoint, flow: Int
    let directionScore: Int

    init(_ batch: ColumnBatch) {
      time = batch.column("time")
      number = batch.column("_id")
      startTime = batch.column("start_time")
      endTime = batch.column("end_time")
      agent = batch.column("agent_id")
      signalSource = batch.column("signal_source")
      observationPoint = batch.column("observation_point")
      flow = batch.column("flow_id")
      directionScore = batch.column("direction_score")
    }
  }

  struct Ends: Sendable {
    let tagSet0, tagSet1, service0, service1, serviceType0, serviceType1, ip0, ip1, isV4: Int
    let transport, clientPort, serverPort, namespace, natSource, realIP0, realIP1: Int
    let realPort0, realPort1: Int

    init(_ batch: ColumnBatch) {
      tagSet0 = batch.column("tag_set_id_0")
      tagSet1 = batch.column("tag_set_id_1")
      service0 = batch.column("auto_service_id_0")
      service1 = batch.column("auto_service_id_1")
      serviceType0 = batch.column("auto_service_type_0")
      serviceType1 = batch.column("auto_service_type_1")
      ip0 = batch.column("ip_0")
      ip1 = batch.column("ip_1")
      isV4 = batch.column("is_ipv4")
      transport = batch.column("protocol")
      clientPort = batch.column("client_port")
      serverPort = batch.column("server_port")
      namespace = batch.column("netns_id")
      natSource = batch.column("nat_source")
      realIP0 = batch.column("nat_real_ip_0")
      realIP1 = batch.column("nat_real_ip_1")
      realPort0 = batch.column("nat_real_port_0")
      realPort1 = batch.column("nat_real_port_1")
    }
  }

  struct Link: Sendable {
    let interface, interfaceName, mac0, mac1, etherType, vlan, nearLink0, nearLink1: Int
    let nearNetwork0, nearNetwork1, tunnelType, tunnelTier, tunnelSentID, tunnelReceivedID: Int
    let tunnelSentIP0, tunnelSentIP1, tunnelReceivedIP0, tunnelReceivedIP1: Int

    init(_ batch: ColumnBatch) {
      interface = batch.column("capture_nic")
      interfaceName = batch.column("capture_nic_name")
      mac0 = batch.column("mac_0")
      mac1 = batch.column("mac_1")
      etherType = batch.column("eth_type")
      vlan = batch.column("vlan")
      nearLink0 = batch.column("l2_end_0")
      nearLink1 = batch.column("l2_end_1")
      nearNetwork0 = batch.column("l3_end_0")
      nearNetwork1 = batch.column("l3_end_1")
      tunnelType = batch.column("tunnel_type")
      tunnelTier = batch.column("tunnel_tier")
      tunnelSentID = batch.column("tunnel_tx_id")
      tunnelReceivedID = batch.column("tunnel_rx_id")
      tunnelSentIP0 = batch.column("tunnel_tx_ip_0")
      tunnelSentIP1 = batch.column("tunnel_tx_ip_1")
      tunnelReceivedIP0 = batch.column("tunnel_rx_ip_0")
      tunnelReceivedIP1 = batch.column("tunnel_rx_ip_1")
    }
  }

  struct Session: Sendable {
    let closeType, status, isNew, duration, flags0, flags1, synSequence, synAckSequence: Int
    let keepaliveSequence, keepaliveAcknowledgement, initialIPID, applicationProtocol: Int
    let requestDomain: Int

    init(_ batch: ColumnBatch) {
      closeType = batch.column("close_type")
      status = batch.column("status")
      isNew = batch.column("is_new_flow")
      duration = batch.column("duration")
      flags0 = batch.column("tcp_flags_bit_0")
      flags1 = batch.column("tcp_flags_bit_1")
      synSequence = batch.column("syn_seq")
      synAckSequence = batch.column("syn_ack_seq")
      keepaliveSequence = batch.column("last_keepalive_seq")
      keepaliveAcknowledgement = batch.column("last_keepalive_ack")
      initialIPID = batch.column("init_ipid")
      applicationProtocol = batch.column("l7_protocol")
      requestDomain = batch.column("request_domain")
    }
  }
}
