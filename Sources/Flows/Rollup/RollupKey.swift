// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// What the figures of calls are told apart by, beside the endpoint: all of it is made in line, where it
/// is looked up for every call.
struct RollupKey {
  var clientAddress: IPAddress
  var serverAddress: IPAddress
  var clientProcess: ProcessKey
  var serverProcess: ProcessKey
  var serverPort: UInt16
  var observationPoint: UInt8
  var signalSource: UInt8
  var transport: UInt8
  var applicationProtocol: UInt8

  @inline(__always)
  func isSame(as other: RollupKey) -> Bool {
    applicationProtocol == other.applicationProtocol && serverPort == other.serverPort
      && observationPoint == other.observationPoint && clientProcess.isSame(as: other.clientProcess)
      && serverProcess.isSame(as: other.serverProcess)
      && clientAddress.isSame(as: other.clientAddress)
      && serverAddress.isSame(as: other.serverAddress) && transport == other.transport
      && signalSource == other.signalSource
  }

  /// One of ``places`` by what tells most calls of a host apart.
  @inline(__always)
  func place(_ endpoint: Span<UInt8>) -> Int {
    let ends =
      UInt64(serverPort) &+ UInt64(applicationProtocol) ^ clientAddress.low
      ^ UInt64(serverProcess.pid) << 3
    let folded = (ends ^ endpoint.word(at: max(0, endpoint.count &- 8))) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: folded >> 58)
  }

  static let places = 64

  /// The hash of it and of an endpoint.
  @inline(__always)
  func hash(endpoint: Span<UInt8>, _ seed: UInt64) -> UInt32 {
    var hash = Hash(seed: seed)
    hash.combine(clientAddress)
    hash.combine(serverAddress)
    hash.combine(clientProcess)
    hash.combine(serverProcess)
    hash.combine(
      UInt64(serverPort) << 32 | UInt64(observationPoint) << 24 | UInt64(applicationProtocol) << 16
        | UInt64(transport))
    hash.combine(endpoint)
    return hash.value
  }
}

// Records and rows come as inout because they are wide and would be copied; they are not changed.

extension CallRecord {
  @inline(__always)
  var rollupKey: RollupKey {
    mutating get {
      RollupKey(
        clientAddress: client.address, serverAddress: server.address,
        clientProcess: client.process, serverProcess: server.process, serverPort: server.port,
        observationPoint: observationPoint.rawValue, signalSource: signalSource.rawValue,
        transport: transport.rawValue, applicationProtocol: applicationProtocol.rawValue)
    }
  }
}

extension CallMetric {
  @inline(__always)
  var rollupKey: RollupKey {
    RollupKey(
      clientAddress: client.address, serverAddress: server.address,
      clientProcess: client.process, serverProcess: server.process, serverPort: server.port,
      observationPoint: observationPoint.rawValue, signalSource: signalSource.rawValue,
      transport: transport.rawValue, applicationProtocol: applicationProtocol.rawValue)
  }

  /// A row of one call, its interval and endpoint left open.
  init(of record: inout CallRecord) {
    var (client, server) = (record.client, record.server)
    (client.port, client.thread, client.threadName) = (0, 0, .empty)
    (server.thread, server.threadName) = (0, .empty)
    self.init(
      time: Timestamp(nanoseconds: 0), interval: 1, observationPoint: record.observationPoint,
      signalSource: record.signalSource, transport: record.transport,
      applicationProtocol: record.applicationProtocol, client: client, server: server)
    count(&record)
  }

  /// Adds a call of this row's key.
  @inline(__always)
  mutating func count(_ record: inout CallRecord) {
    if record.directionScore > directionScore { directionScore = record.directionScore }
    requests &+= 1
    if record.kind.rawValue != CallKind.request.rawValue { responses &+= 1 }
    let status = record.status.rawValue
    if status == ResponseStatus.clientError.rawValue { clientErrors &+= 1 }
    if status == ResponseStatus.serverError.rawValue { serverErrors &+= 1 }
    if status == ResponseStatus.timeout.rawValue { timeouts &+= 1 }
    guard record.hasDuration else { return }
    let duration = record.spanMicroseconds
    durationSum &+= duration
    if duration > durationMax { durationMax = duration }
    durationCount &+= 1
  }
}

extension CallRecord {
  /// Microseconds from start to end. As ``durationMicroseconds``, which is a call into another module
  /// that copies the record, but does not ask whether it is a measured time.
  @inline(__always)
  var spanMicroseconds: UInt64 {
    mutating get {
      let microseconds = Self.floor(end.nanoseconds) - Self.floor(start.nanoseconds)
      return UInt64(max(0, microseconds))
    }
  }

  @inline(__always)
  private static func floor(_ nanoseconds: Int64) -> Int64 {
    nanoseconds / 1_000 - (nanoseconds % 1_000 < 0 ? 1 : 0)
  }
}
