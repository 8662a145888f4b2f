// SPDX-License-Identifier: Apache-2.0

import Capture
import Glibc
import Telemetry
import Testing

extension Tag {
  /// Needs the kernel's leave to load probes.
  @Tag static var kernel: Self
}

@Suite(.serialized, .tags(.kernel))
struct SocketCallTests {
  @Test(arguments: [ProbeOptions.SocketHooks.tracepoints, .systemCalls])
  func bytesOfAConnectionAreSeen(hooks: ProbeOptions.SocketHooks) throws {
    var options = ProbeOptions()
    options.socketHooks = hooks
    options.filter.process = UInt32(getpid())
    var session = try ProbeSession(options)
    for hook in session.hooks { print(hook) }
    let pair = TestPair(.v4, datagram: false)
    let text = "GET / HTTP/1.1\r\n\r\n"
    _ = unsafe write(pair.client.descriptor, text, text.utf8.count)
    var buffer = [UInt8](repeating: 0, count: 100)
    _ = unsafe read(pair.server.descriptor, &buffer, 100)
    var recorder = Recorder()
    try session.drain(timeoutMilliseconds: 10, into: &recorder)
    for one in recorder.seen { print(one.event, one.text) }
    print(try session.counters())
    #expect(recorder.seen.contains { $0.event.socket == pair.client.cookie && $0.text == text })
    #expect(recorder.seen.contains { $0.event.socket == pair.server.cookie && $0.text == text })
  }
}
