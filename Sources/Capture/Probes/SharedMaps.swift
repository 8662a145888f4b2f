// SPDX-License-Identifier: Apache-2.0

/// The maps that one object of probes lends to others, by their names in bpf/. Good as long as that
/// object is loaded.
struct SharedMaps: Sendable {
  private var descriptors: [String: CInt] = [:]

  /// The names of all that are shared.
  static let names = [
    "ring", "plain", "lanes", "verdicts", "plain_verdicts", "slots", "counters", "marks",
    "tls_calls", "tls_sockets",
  ]

  init(of probe: LoadedProbe) {
    for name in Self.names {
      let descriptor = probe.map(name)
      if descriptor >= 0 { descriptors[name] = descriptor }
    }
  }

  /// nil when the lender has none of that name.
  func descriptor(_ name: String) -> CInt? { descriptors[name] }
}
