// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Credentials, payloads and headers are in no text; see ``SecretPropertyTests``.
@Suite struct NATSPrivacyTests {
  @Test(arguments: [
    "CONNECT {\"user\":\"u\",\"pass\":\"Zq9xWv7k\",\"auth_token\":\"Zq9xWv7k\",\"name\":\"a\"}\r\n",
    "CONNECT {\"jwt\":\"Zq9xWv7k\",\"sig\":\"Zq9xWv7k\"}\r\n", "PUB a 8\r\nZq9xWv7k\r\n",
    "PUB a b 8\r\nZq9xWv7k\r\n",
    "HPUB a 29 37\r\nNATS/1.0\r\nAuth: Zq9xWv7k\r\n\r\n\r\nZq9xWv7k\r\n",
  ])
  func clients(text: String) { SecretPropertyTests().search(NATS(), [Talk(.client, text)]) }

  @Test(arguments: [
    "MSG _INBOX.1 1 8\r\nZq9xWv7k\r\n", "-ERR 'no \"Zq9xWv7k\"'\r\n",
    "MSG _INBOX.1 1 57\r\n{\"error\":{\"code\":400,\"description\":\"bad token=Zq9xWv7k\"}}\r\n",
  ])
  func servers(text: String) {
    SecretPropertyTests().search(
      NATS(), [Talk(.client, "PUB a _INBOX.1 2\r\nhi\r\n"), Talk(.server, text)])
  }
}
