// SPDX-License-Identifier: Apache-2.0

import Capture
import Flows
import Telemetry

/// Takes the packets of the rings, on the packet thread, into the pipeline.
struct PacketObserver: ~Copyable, PacketConsumer {
  var pipeline: PacketPipeline
  /// Whether packets are thrown away to shed load.
  var isPaused = false
  /// Packets thrown away since the last count.
  var shedPackets: UInt64 = 0
  /// Packets fed since the last batch.
  var fed = 0
  /// The pipeline's number of each of the session's interfaces.
  private var numbers: [UInt32] = []

  init(pipeline: consuming PacketPipeline) {
    self.pipeline = pipeline
  }

  mutating func packet(_ packet: CapturedPacket, bytes: Span<UInt8>) {
    guard !isPaused else {
      shedPackets &+= 1
      return
    }
    fed &+= 1
    guard packet.interface < numbers.count else { return }
    var packet = packet
    packet.interface = numbers[Int(packet.interface)]
    pipeline.feed(packet, bytes: bytes)
  }

  mutating func interface(_ id: UInt32, is description: InterfaceDescription) {
    // An interface that went away before it was told of leaves a number out.
    while numbers.count <= Int(id) { numbers.append(pipeline.addInterface(description)) }
    pipeline.setInterface(numbers[Int(id)], description)
  }
}
