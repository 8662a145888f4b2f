// SPDX-License-Identifier: Apache-2.0

/// The protocols that are known, in the order in which an unknown conversation is offered to them:
/// those whose bytes are the hardest to mistake first. One line each.
package let builtInProtocols: [any ProtocolKind] = [
  HTTP1(),
  MySQL(),
  PostgreSQL(),
  Redis(),
  DNS(),
  Kafka(),
]
