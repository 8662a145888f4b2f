// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry

/// Caches and document stores.
extension Language {
  static let stores = [memcached]

  static let memcached = Language(
    kind: Memcached(), port: 11_211, request: { Array("get k/\($0)\r\n".utf8) },
    response: { Array("CLIENT_ERROR k/\($0)\r\n".utf8) },
    numbers: {
      (
        number(behind: "k/", $1.string($0.texts.requestResource)),
        number(behind: "k/", $1.string($0.texts.responseException))
      )
    })
}
