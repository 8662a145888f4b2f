// SPDX-License-Identifier: Apache-2.0

import Plugins
import TestSupport

extension PluginText {
  func bytes() throws -> [UInt8] { try SandboxEngine.binary(of: text) }

  func plugin(_ limits: PluginLimits = .repeatable) throws -> Plugin {
    try Plugin(try bytes(), try SandboxEngine(limits))
  }
}
