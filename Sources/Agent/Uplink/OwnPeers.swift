// SPDX-License-Identifier: Apache-2.0

package import Capture
import Synchronization

/// The ends that the agent itself talks with, which packet capture leaves out: what it sends its server
/// would only cause more to be sent.
///
/// The uplink tells, packet threads follow.
package final class OwnPeers: Sendable {
  private struct State {
    var server: [PacketOptions.Peer] = []
    var version: UInt64 = 1
    /// The version that each packet thread follows.
    var followed: [Int: UInt64] = [:]
  }

  /// Longest wait for packet threads to follow, and between two looks.
  private static let patience = Duration.milliseconds(500)
  private static let pause = Duration.milliseconds(5)

  private let fixed: [PacketOptions.Peer]
  private let state = Mutex(State())

  /// - Parameter fixed: ends that stay, such as that of `/metrics`.
  package init(fixed: [PacketOptions.Peer] = []) {
    self.fixed = fixed
  }

  /// All of them now.
  var all: [PacketOptions.Peer] { state.withLock { fixed + $0.server } }

  /// Takes the place of the server's earlier ends, and waits until every packet thread has followed, for
  /// half a second at most: a connection that is made after is not seen from its first packet on.
  package func setServer(_ peers: [PacketOptions.Peer]) async {
    let isNew = state.withLock { state in
      guard state.server != peers else { return false }
      state.server = peers
      state.version += 1
      return true
    }
    guard isNew else { return }
    let deadline = ContinuousClock.now + Self.patience
    while !isFollowed && ContinuousClock.now < deadline {
      do { try await Task.sleep(for: Self.pause) } catch { return }
    }
  }

  /// Hands all of them to the packet thread `number` when it does not leave them out yet; it does when
  /// `body` returns.
  func follow(as number: Int, _ body: ([PacketOptions.Peer]) -> Void) {
    let (peers, version) = state.withLock { state in
      let isNew = state.followed[number] != state.version
      return (isNew ? fixed + state.server : nil, state.version)
    }
    guard let peers else { return }
    body(peers)
    state.withLock { $0.followed[number] = version }
  }

  /// Packet threads that are gone are not waited for.
  func leave(_ number: Int) {
    state.withLock { $0.followed[number] = nil }
  }

  private var isFollowed: Bool {
    state.withLock { state in state.followed.values.allSatisfy { $0 == state.version } }
  }
}
