// SPDX-License-Identifier: Apache-2.0

import Bytes
import Capture
import Glibc
import Wire

/// Whether the identity is this spool's alone: a copied directory is two agents under one name.
extension Spool {
  /// Whether `last`, the server's newest batch of this identity, cannot be one of ours: its number
  /// was never given out here, or the batch of that number that we hold is another one.
  func isForeign(_ last: UInt64, checksum: UInt32?) -> Bool {
    if last >= nextSequence { return !isIdentityRecovered }
    guard let checksum, last > 0 else { return false }
    let index = firstIndex(after: last - 1)
    guard index < entries.count, entries[index].sequence == last,
      let frame = frame(entries[index])
    else { return false }
    let payload = frame.span.extracting(droppingFirst: FrameHead.size)
    return CRC32.checksum(payload) != checksum
  }

  /// Takes a new identity and keeps every batch, which the server will take as this one's.
  ///
  /// - Throws: when the directory cannot be written; the identity is the old one then.
  func takeNewIdentity() throws(SystemError) {
    var renamed = SpoolIdentity(machineID: state.agent.machineID)
    renamed.ceiling = state.ceiling
    // The files first: an identity file that is lost is read off them.
    let head = Segment.head(renamed.agent)
    for segment in segments {
      let descriptor = try SpoolFile.open(segment.path, O_WRONLY)
      defer { close(descriptor) }
      try SpoolFile.write(head, to: descriptor, at: 0)
    }
    try SpoolFile.replace(directory + "/identity", in: directory, with: renamed.bytes)
    state = renamed
    isIdentityRecovered = false
  }
}
