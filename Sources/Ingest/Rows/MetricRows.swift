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

/// Writes metrics into an `application` table: the sides of a call that its observer speaks for.
struct ApplicationRows: Sendable {
  var batch: ColumnBatch
  private let columns: MetricColumns
  private let owners: OwnerColumns

  init(_ table: TableDeclaration) {
    batch = ColumnBatch(table)
    columns = MetricColumns(batch)
    owners = OwnerColumns(batch)
  }

  /// Appends the rows of ``RowOwner/owners(at:)``.
  mutating func append(
    _ metric: CallMetric, _ text: Span<UInt8>, agent: UInt16, client: EndTags, server: EndTags
  ) {
    for owner in RowOwner.owners(at: metric.observationPoint) {
      columns.append(metric, text, agent: agent, to: &batch)
      owners.append(
        owner, tags: owner.isServer ? server : client,
        address: owner.isServer ? metric.server.address : metric.client.address, to: &batch)
    }
  }
}

/// Writes metrics into an `application_map` table: both sides of a call.
struct ApplicationMapRows: Sendable {
  var batch: ColumnBatch
  private let columns: MetricColumns
  private let pair: PairColumns

  init(_ table: TableDeclaration) {
    batch = ColumnBatch(table)
    columns = MetricColumns(batch)
    pair = PairColumns(batch)
  }

  mutating func append(
    _ metric: CallMetric, _ text: Span<UInt8>, agent: UInt16, client: EndTags, server: EndTags
  ) {
    columns.append(metric, text, agent: agent, to: &batch)
    pair.append(
      metric.observationPoint, (metric.client, metric.server), (client, server), to: &batch)
  }
}
