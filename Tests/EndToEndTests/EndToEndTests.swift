// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The whole platform against real servers and clients: the built programs, run as a user runs them.
///
/// Needs root, as the agent does. Serialized, so that a call's duration is not another test's work.
@Suite(.serialized, .enabled(if: getuid() == 0, "the agent loads probes, which needs root"), .stack)
struct EndToEndTests {}
