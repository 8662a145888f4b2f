// SPDX-License-Identifier: Apache-2.0

import Protocols
import TestSupport
import Testing

/// Credentials, wills, what is published and properties are in no text; see ``SecretPropertyTests``.
@Suite struct MQTTPrivacyTests {
  typealias T = MQTTTalks

  @Test func packets() {
    let mark = T.text(SecretPropertyTests.mark)
    SecretPropertyTests().search(
      MQTT(), [T.connect(flags: 0xc6, T.text("will") + mark + mark + mark)])
    SecretPropertyTests().search(MQTT(), [T.connect(level: 5, flags: 0xc2, mark + mark)])
    for qos in [0, 1] as [UInt8] {
      SecretPropertyTests().search(
        MQTT(), [T.publish(.client, "a", qos: qos, id: 1, payload: SecretPropertyTests.mark)])
    }
    let properties = [0x26] + T.text("token") + mark + [0x09] + mark
    SecretPropertyTests().search(
      MQTT(), [T.connect(level: 5), T.publish(.client, "a", properties: properties)])
    SecretPropertyTests().search(
      MQTT(), [T.connect(level: 5), T.packet(.client, 0xf0, [0x18, 11, 0x16] + mark)])
  }
}
