// SPDX-License-Identifier: Apache-2.0

import CProbes
import Glibc
import Synchronization

/// A node with two containers, each a network namespace of the test's own, gone when it goes away.
///
/// 10.79.1.2 in one and 10.79.2.2 in the other, joined to the node by virtual links that are named
/// after the number in ``number``.
struct Pods: ~Copyable {
  private static let counter = Atomic<Int>(0)

  let number: String
  let node: String
  let first: String
  let second: String

  init() {
    number = "\(Self.counter.add(1, ordering: .relaxed).newValue)"
    node = "metaflow-node-\(getpid())-\(number)"
    first = "metaflow-first-\(getpid())-\(number)"
    second = "metaflow-second-\(getpid())-\(number)"
    for name in [node, first, second] { Cable.ip("netns", "add", name) }
    for (pod, side) in [(first, 1), (second, 2)] {
      let (near, far) = ("mfn\(number)-\(side)", "mfp\(number)-\(side)")
      Cable.ip("-n", node, "link", "add", near, "type", "veth", "peer", "name", far, "netns", pod)
      Cable.ip("-n", node, "address", "add", "10.79.\(side).1/24", "dev", near)
      Cable.ip("-n", pod, "address", "add", "10.79.\(side).2/24", "dev", far)
      Cable.ip("-n", node, "link", "set", near, "up")
      Cable.ip("-n", pod, "link", "set", far, "up")
    }
  }

  deinit {
    for name in [first, second, node] { Cable.ip("netns", "del", name) }
  }

  /// Runs `body` on a thread of its own in the node's namespace.
  func atNode<Result>(_ body: () throws -> Result) throws -> Result {
    try Cable.inside(node) { Swift.Result { try body() } }.get()
  }
}
