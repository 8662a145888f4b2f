// SPDX-License-Identifier: Apache-2.0

import CProbes

/// How the allocator treats blocks that are large: tables that doubled, batches of a busy second.
package enum LargeBlocks {
  /// Gives them back to the host when they are freed. Left alone, glibc raises the size from which it
  /// does so with every such block (mallopt(3), M_MMAP_THRESHOLD), and keeps the old halves of
  /// tables for good. Call it before the first of them.
  package static func returnToHost() {
    mf_return_large_blocks()
  }

  /// Gives back what is free inside the allocator's arenas (malloc_trim(3)). Takes milliseconds.
  package static func returnFreed() {
    mf_return_freed()
  }
}
