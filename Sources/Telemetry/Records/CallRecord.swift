// SPDX-License-Identifier: Apache-2.0

/// One application call as one observation point saw it: a row of `flow_log.l7_flow_log`.
///
/// Every text points into the `text` of the ``RecordBatch`` that holds the record.
package struct CallRecord: Hashable, Sendable, BitwiseCopyable {
  package struct Flags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    package var rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    package static let tls = Flags(rawValue: 1)
    /// The server sent it unasked: what a broker pushes to who subscribed.
    package static let reversed = Flags(rawValue: 4)
    /// Text fields end where the capture ended, not where the message did.
    package static let truncated = Flags(rawValue: 8)
  }

  package var kind: CallKind = .session
  package var flags = Flags(rawValue: 0)
  package var observationPoint: ObservationPoint = .rest
  package var signalSource: SignalSource = .eBPF
  package var transport: TransportProtocol = .tcp
  /// What the call speaks.
  package var applicationProtocol: ApplicationProtocol = .unknown
  /// What its connection speaks, where that is another protocol: HTTP/2 for gRPC.
  package var carrier: ApplicationProtocol = .unknown
  package var status: ResponseStatus = .ok
  /// How sure the direction is, 0 to 255; 255 when the kernel said who connected.
  package var directionScore: UInt8 = 0

  package var client: CallEnd
  package var server: CallEnd
  package var networkNamespace: UInt32 = 0

  /// Identifies the connection on this host; the socket cookie for eBPF.
  package var flow: UInt64 = 0
  /// When the request's first byte and the response's last byte were seen. Equal when only one of
  /// the two was.
  package var start: Timestamp
  package var end: Timestamp
  /// Whether ``start`` to ``end`` is a measured response time (both halves were seen).
  package var hasDuration = false

  package var requestSequence: UInt32 = 0
  package var responseSequence: UInt32 = 0
  package var syscallTraceRequest: UInt64 = 0
  package var syscallTraceResponse: UInt64 = 0
  package var coroutineRequest: UInt64 = 0
  package var coroutineResponse: UInt64 = 0
  /// Ordinals of the data events that began the request and the response.
  package var captureSequenceRequest: UInt32 = 0
  package var captureSequenceResponse: UInt32 = 0

  package var requestID: UInt64?
  package var responseCode: Int32?
  package var requestLength: Int64?
  package var responseLength: Int64?
  package var affectedRows: UInt64?
  /// Messages that either side sent in a call that is a stream; 0 where they are not counted.
  package var requestMessages: UInt32 = 0
  package var responseMessages: UInt32 = 0
  package var capturedRequestBytes: UInt32 = 0
  package var capturedResponseBytes: UInt32 = 0

  package var texts = CallTexts()
  /// The names that the instrumentation of an application gave it; empty in what an agent sees.
  package var appService: Text = .empty
  package var appInstance: Text = .empty
  /// What its protocol tells beyond all this: a run as ``Attributes`` describes it.
  package var attributes: Text = .empty

  package init(client: CallEnd, server: CallEnd, start: Timestamp, end: Timestamp) {
    self.client = client
    self.server = server
    self.start = start
    self.end = end
  }

  /// Microseconds from request to response; 0 unless ``hasDuration``. Never negative.
  package var durationMicroseconds: UInt64 {
    hasDuration ? UInt64(max(0, end.microseconds - start.microseconds)) : 0
  }
}
