// SPDX-License-Identifier: Apache-2.0

/// What is known of one end of a call on the wire and on its host.
package struct CallEnd: Hashable, Sendable, BitwiseCopyable {
  package var address: IPAddress
  package var port: UInt16
  /// The process at this end; ``ProcessKey/unknown`` unless it runs on the agent's own host.
  package var process: ProcessKey
  package var thread: UInt32
  package var threadName: ThreadName

  package init(
    address: IPAddress, port: UInt16, process: ProcessKey = .unknown, thread: UInt32 = 0,
    threadName: ThreadName = .empty
  ) {
    self.address = address
    self.port = port
    self.process = process
    self.thread = thread
    self.threadName = threadName
  }
}
