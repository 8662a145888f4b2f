// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import Telemetry

/// Hands batches from the capture thread to the uplink: bounded, never blocking the producer.
package final class BatchQueue: Sendable {
  package struct Item: Sendable {
    package var batch: RecordBatch
    package var time: Timestamp
  }

  private let items = Mutex<[Item]>([])
  private let limit: Int
  private let wake: AsyncStream<Void>.Continuation
  /// Yields when items may be there; ends with ``finish()``. For one consumer.
  package let wakeups: AsyncStream<Void>

  package init(limit: Int) {
    self.limit = limit
    (wakeups, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// False when the queue is full; the batch is then the caller's to count.
  package func push(_ batch: RecordBatch, time: Timestamp) -> Bool {
    let isIn = items.withLock { items in
      guard items.count < limit else { return false }
      items.append(Item(batch: batch, time: time))
      return true
    }
    if isIn { wake.yield() }
    return isIn
  }

  package func takeAll() -> [Item] {
    items.withLock { items in
      defer { items = [] }
      return items
    }
  }

  package var count: Int { items.withLock { $0.count } }

  package func finish() {
    wake.finish()
  }
}
