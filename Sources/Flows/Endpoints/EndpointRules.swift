// SPDX-License-Identifier: Apache-2.0

/// How endpoints are made of what parsers say, and how many there may be.
package struct EndpointRules: Hashable, Sendable {
  /// What people said of paths: the first that fits is the endpoint.
  package var templates: [EndpointTemplate] = []
  /// Whether places with many values are found.
  package var learns = true
  /// Endpoints that one service may have; calls of all others are ``other``.
  package var perService = 256
  /// Services that are remembered, and bytes of all their endpoints.
  package var services = 1_024
  package var bytes = 4 << 20

  package init() {}

  /// The endpoint of calls for whose own there was no room.
  package static let other = Array("{other}".utf8)
  /// What stands for the many values of a place in a path, as for what is surely an id there; and in a key,
  /// a topic or another name.
  static let placeholder = Array("{id}".utf8)
  static let unknown = Array("?".utf8)

  /// Bytes of an endpoint that is remembered.
  static let longest = 512
  /// Values that a place may have before it is one with many: when most were hardly ever seen, and at
  /// all. The first place of a path, or of a name, tells what is asked for, and has more.
  var fewValues: Int { max(4, perService * 3 / 16) }
  var mostValues: Int { max(8, perService / 2) }
  /// Endpoints of which a server only said that they are not there.
  var mostMissing: Int { max(4, perService / 4) }
  /// Values of a place with many that stay, as `me` beside names of users.
  static let kept = 16
}
