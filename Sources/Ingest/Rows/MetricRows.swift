// SPDX-License-Identifier: Apache-2.0

import Catalog
import Storage
import Telemetry

/// The columns that both kinds of metric tables have.
struct MetricColumns: Sendable {
  let time, agent, signalSource, isV4, transport, serverPort, applicationProtocol: Int
  let endpoint, appService, appInstance, directionScore, requests, responses: Int
  let clientErrors, serverErrors, timeouts, errors, durationSum, durationCount, durationMax: Int

  init(_ batch: ColumnBatch) {
    time = batch.column("time")
    agent = batch.column("agent_id")
    signalSource = batch.column("signal_source")
    isV4 = batch.column("is_ipv4")
    transport = batch.column("protocol")
    serverPort = batch.column("server_port")
    applicationProtocol = batch.column("l7_protocol")
    endpoint = batch.column("endpoint")
    appService = batch.column("app_service")
    appInstance = batch.column("app_instance")
    directionScore = batch.column("direction_score")
    requests = batch.column("request")
    responses = batch.column("response")
    clientErrors = batch.column("client_error")
    serverErrors = batch.column("server_error")
    timeouts = batch.column("timeout")
    errors = batch.column("error")
    durationSum = batch.column("rrt_sum")
    durationCount = batch.column("rrt_count")
    durationMax = batch.column("rrt_max")
  }

  func append(
    _ metric: CallMetric, _ text: Span<UInt8>, agent number: UInt16, to batch: inout ColumnBatch
  ) {
    batch.append(metric.time.storedSeconds, to: time)
    batch.append(number, to: agent)
    batch.append(metric.signalSource.rawValue, to: signalSource)
    batch.append(UInt8(metric.server.address.isV4 ? 1 : 0), to: isV4)
    batch.append(metric.transport.rawValue, to: transport)
    batch.append(metric.server.port, to: serverPort)
    batch.append(metric.applicationProtocol.rawValue, to: applicationProtocol)
    batch.append(metric.endpoint.bytes(in: text), to: endpoint)
    batch.appendEmpty(to: appService)
    batch.appendEmpty(to: appInstance)
    batch.append(metric.directionScore, to: directionScore)
    batch.append(metric.requests, to: requests)
    batch.append(metric.responses, to: responses)
    batch.append(metric.clientErrors, to: clientErrors)
    batch.append(metric.serverErrors, to: serverErrors)
    batch.append(metric.timeouts, to: timeouts)
    batch.append(metric.clientErrors &+ metric.serverErrors, to: errors)
    batch.append(metric.durationSum, to: durationSum)
    batch.append(metric.durationCount, to: durationCount)
    batch.append(metric.durationMax, to: durationMax)
  }
}

/// Writes metrics into an `application` table: the side of a call that its observer stands on.
struct ApplicationRows: Sendable {
  var batch: ColumnBatch
  private let columns: MetricColumns
  private let role, tagSet, service, serviceType, ip: Int

  init(_ table: TableDeclaration) {
    batch = ColumnBatch(table)
    columns = MetricColumns(batch)
    role = batch.column("role")
    tagSet = batch.column("tag_set_id")
    service = batch.column("auto_service_id")
    serviceType = batch.column("auto_service_type")
    ip = batch.column("ip")
  }

  /// Appends a row when the observation point stands on one of the sides; else the row of the other
  /// table is all there is.
  mutating func append(
    _ metric: CallMetric, _ text: Span<UInt8>, agent: UInt16, client: EndTags, server: EndTags
  ) {
    let isServer: Bool
    switch metric.observationPoint {
    case .client, .clientNode, .clientProcess: isServer = false
    case .server, .serverNode, .serverProcess: isServer = true
    default: return
    }
    columns.append(metric, text, agent: agent, to: &batch)
    let tags = isServer ? server : client
    batch.append(UInt8(isServer ? 1 : 0), to: role)
    batch.append(tags.tagSet, to: tagSet)
    batch.append(tags.service, to: service)
    batch.append(tags.serviceKind.rawValue, to: serviceType)
    batch.append(isServer ? metric.server.address : metric.client.address, to: ip)
  }
}

/// Writes metrics into an `application_map` table: both sides of a call.
struct ApplicationMapRows: Sendable {
  var batch: ColumnBatch
  private let columns: MetricColumns
  private let observationPoint, tagSet0, tagSet1, service0, service1: Int
  private let serviceType0, serviceType1, ip0, ip1: Int

  init(_ table: TableDeclaration) {
    batch = ColumnBatch(table)
    columns = MetricColumns(batch)
    observationPoint = batch.column("observation_point")
    tagSet0 = batch.column("tag_set_id_0")
    tagSet1 = batch.column("tag_set_id_1")
    service0 = batch.column("auto_service_id_0")
    service1 = batch.column("auto_service_id_1")
    serviceType0 = batch.column("auto_service_type_0")
    serviceType1 = batch.column("auto_service_type_1")
    ip0 = batch.column("ip_0")
    ip1 = batch.column("ip_1")
  }

  mutating func append(
    _ metric: CallMetric, _ text: Span<UInt8>, agent: UInt16, client: EndTags, server: EndTags
  ) {
    columns.append(metric, text, agent: agent, to: &batch)
    batch.append(metric.observationPoint.name, to: observationPoint)
    batch.append(client.tagSet, to: tagSet0)
    batch.append(server.tagSet, to: tagSet1)
    batch.append(client.service, to: service0)
    batch.append(server.service, to: service1)
    batch.append(client.serviceKind.rawValue, to: serviceType0)
    batch.append(server.serviceKind.rawValue, to: serviceType1)
    batch.append(metric.client.address, to: ip0)
    batch.append(metric.server.address, to: ip1)
  }
}
