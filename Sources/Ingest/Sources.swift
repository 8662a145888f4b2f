// SPDX-License-Identifier: Apache-2.0

extension Ingest {
  /// Every way in. A new source is one line here.
  static func sources(_ configuration: IngestConfiguration) -> [any IngestSource] {
    [
      AgentFrames(configuration)
    ]
  }
}
