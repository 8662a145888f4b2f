// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Values are in no text; see ``SecretPropertyTests``.
@Suite struct MemcachedPrivacyTests {
  @Test(arguments: [
    "set k 0 0 8\r\nZq9xWv7k\r\n", "cas k 0 0 8 5\r\nZq9xWv7k\r\n",
    "append k 0 0 8 noreply\r\nZq9xWv7k\r\n",
    "ms k 8 T0\r\nZq9xWv7k\r\n", "set k 0 0 99999999999\r\nZq9xWv7k\r\n",
  ])
  func commands(text: String) { SecretPropertyTests().search(Memcached(), [Talk(.client, text)]) }

  @Test(arguments: [
    "VALUE k 0 8\r\nZq9xWv7k\r\nEND\r\n",
    "VALUE k 0 8\r\nZq9xWv7k\r\nVALUE l 0 8\r\nZq9xWv7k\r\nEND\r\n",
    "VA 8 t\r\nZq9xWv7k\r\n", "CLIENT_ERROR bad 'Zq9xWv7k'\r\n", "STAT k Zq9xWv7k\r\nEND\r\n",
  ])
  func answers(text: String) {
    SecretPropertyTests().search(Memcached(), [Talk(.client, "get k\r\n"), Talk(.server, text)])
  }

  @Test func binary() {
    SecretPropertyTests().search(
      Memcached(), [MemcachedBinaryTests.request(1, extras: 8, key: "k", value: "Zq9xWv7k")])
    SecretPropertyTests().search(
      Memcached(), [MemcachedBinaryTests.request(0x21, key: "PLAIN", value: "\0ann\0Zq9xWv7k")])
    SecretPropertyTests().search(
      Memcached(),
      [
        MemcachedBinaryTests.request(0, key: "k"),
        MemcachedBinaryTests.response(0, extras: 4, value: "Zq9xWv7k"),
      ])
  }
}
