// SPDX-License-Identifier: Apache-2.0

import Storage

/// Where the columns of `flow_log.l7_flow_log` stand, in the groups of its declaration.
extension CallLogRows {
  struct Base: Sendable {
    let time, number, startTime, endTime, agent, signalSource, observationPoint, type, flow: Int
    let directionScore: Int

    init(_ batch: ColumnBatch) {
      time = batch.column("time")
      number = batch.column("_id")
      startTime = batch.column("start_time")
      endTime = batch.column("end_time")
      agent = batch.column("agent_id")
      signalSource = batch.column("signal_source")
      observationPoint = batch.column("observation_point")
      type = batch.column("type")
      flow = batch.column("flow_id")
      directionScore = batch.column("direction_score")
    }
  }

  struct Ends: Sendable {
    let tagSet0, tagSet1, service0, service1, serviceType0, serviceType1, ip0, ip1, isV4: Int
    let transport, clientPort, serverPort, process0, process1, threadName0, threadName1: Int
    let namespace: Int

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
      process0 = batch.column("process_id_0")
      process1 = batch.column("process_id_1")
      threadName0 = batch.column("process_kname_0")
      threadName1 = batch.column("process_kname_1")
      namespace = batch.column("netns_id")
    }
  }

  struct Correlation: Sendable {
    let requestSequence, responseSequence, traceRequest, traceResponse, thread0, thread1: Int
    let coroutine0, coroutine1, captureSequence0, captureSequence1, requestID, xRequestID0: Int
    let xRequestID1, traceID, spanID, parentSpanID, proxyClient: Int

    init(_ batch: ColumnBatch) {
      requestSequence = batch.column("req_tcp_seq")
      responseSequence = batch.column("resp_tcp_seq")
      traceRequest = batch.column("syscall_trace_id_request")
      traceResponse = batch.column("syscall_trace_id_response")
      thread0 = batch.column("syscall_thread_0")
      thread1 = batch.column("syscall_thread_1")
      coroutine0 = batch.column("syscall_coroutine_0")
      coroutine1 = batch.column("syscall_coroutine_1")
      captureSequence0 = batch.column("syscall_cap_seq_0")
      captureSequence1 = batch.column("syscall_cap_seq_1")
      requestID = batch.column("request_id")
      xRequestID0 = batch.column("x_request_id_0")
      xRequestID1 = batch.column("x_request_id_1")
      traceID = batch.column("trace_id")
      spanID = batch.column("span_id")
      parentSpanID = batch.column("parent_span_id")
      proxyClient = batch.column("http_proxy_client")
    }
  }

  struct Content: Sendable {
    let applicationProtocol, version, isTLS, isAsync, isReversed, requestType, requestDomain: Int
    let requestResource, endpoint, status, code, exception, result, appService, appInstance: Int
    let attributeNames, attributeValues: Int

    init(_ batch: ColumnBatch) {
      applicationProtocol = batch.column("l7_protocol")
      version = batch.column("version")
      isTLS = batch.column("is_tls")
      isAsync = batch.column("is_async")
      isReversed = batch.column("is_reversed")
      requestType = batch.column("request_type")
      requestDomain = batch.column("request_domain")
      requestResource = batch.column("request_resource")
      endpoint = batch.column("endpoint")
      status = batch.column("response_status")
      code = batch.column("response_code")
      exception = batch.column("response_exception")
      result = batch.column("response_result")
      appService = batch.column("app_service")
      appInstance = batch.column("app_instance")
      attributeNames = batch.column("attribute_names")
      attributeValues = batch.column("attribute_values")
    }
  }

  struct Figures: Sendable {
    let duration, requestLength, responseLength, affectedRows, capturedRequest: Int
    let capturedResponse: Int

    init(_ batch: ColumnBatch) {
      duration = batch.column("response_duration")
      requestLength = batch.column("request_length")
      responseLength = batch.column("response_length")
      affectedRows = batch.column("sql_affected_rows")
      capturedRequest = batch.column("captured_request_byte")
      capturedResponse = batch.column("captured_response_byte")
    }
  }
}
