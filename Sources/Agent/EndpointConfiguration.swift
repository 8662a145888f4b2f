// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import Flows

/// The settings under `endpoints`.
extension EndpointRules {
  init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    self.init()
    templates = try reader.list(
      "endpoints.templates", default: templates,
      expected: "paths such as /users/{name}/orders, or /files/** for all that is below"
    ) { EndpointTemplate($0) }
    learns = try reader.read("endpoints.learn", default: learns, expected: "true or false") {
      ["true": true, "false": false][$0]
    }
    perService = try reader.integer(
      "endpoints.per_service", default: perService, in: 16...4_096)
  }
}
