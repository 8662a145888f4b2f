// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import Protocols

/// The settings under `privacy`.
extension PrivacyRules {
  init(_ reader: inout ConfigurationReader) throws(ConfigurationError) {
    self.init()
    urlValues = try reader.read(
      "privacy.url_values", default: urlValues, expected: "mask, secrets or show"
    ) { URLValues(rawValue: $0) }
    let hides = ["mask": true, "show": false]
    hidesSQLLiterals = try reader.read(
      "privacy.sql_literals", default: hidesSQLLiterals, expected: "mask or show"
    ) { hides[$0] }
    hidesRedisValues = try reader.read(
      "privacy.redis_values", default: hidesRedisValues, expected: "mask or show"
    ) { hides[$0] }
    for name in try reader.list("privacy.secret_names", default: []) {
      guard add(secretName: name) else {
        throw reader.fault(
          "privacy.secret_names",
          "has '\(name)'; it must be names of 1 to 64 letters and digits, such as customer_number")
      }
    }
  }
}
