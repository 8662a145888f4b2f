// SPDX-License-Identifier: Apache-2.0

/// What is known of one end of a call on the wire and on its host.
@usableFromInline package struct CallEnd: Hashable, Sendable, BitwiseCopyable {
  @usableFromInline package var address: IPAddress
  @usableFromInline package var port: UInt16
  /// The process at this end; ``ProcessKey/unknown`` unless it runs on the agent's own host.
  @usableFromInline package var process: ProcessKey
  @usableFromInline package var thread: UInt32
  @usableFromInline package var threadName: ThreadName

  @inlinable @inline(__always)
  package init(
    address: IPAddress, port: UInt16, process: ProcessKey = ProcessKey(pid: 0, startedAfterBoot: 0),
    thread: UInt32 = 0,
    threadName: ThreadName = ThreadName(first: 0, second: 0)
  ) {
    self.address = address
    self.port = port
    self.process = process
    self.thread = thread
    self.threadName = threadName
  }
}
