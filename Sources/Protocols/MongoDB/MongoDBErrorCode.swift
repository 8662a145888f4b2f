// SPDX-License-Identifier: Apache-2.0

import Bytes
import Telemetry

/// The numbers by which a server says what is wrong
/// (https://www.mongodb.com/docs/manual/reference/error-codes/).
enum MongoDBErrorCode {
  /// Whose fault it is: the server's where it, or the cluster around it, cannot do what is asked for;
  /// the client's where what it asks for is wrong, or nothing that it may have.
  static func status(_ code: Int64?) -> ResponseStatus {
    guard let code else { return .clientError }
    return serverFaults.contains(code) ? .serverError : .clientError
  }

  /// Internal, network, shutdown, elections, time limits, memory and disks.
  private static let serverFaults: Set<Int64> = [
    1, 6, 7, 8, 24, 46, 50, 63, 64, 70, 71, 74, 75, 79, 82, 83, 84, 89, 91, 93, 94, 95, 96, 98, 100,
    106, 112, 113, 125, 126, 127, 133, 134, 136, 139, 141, 142, 145, 146, 149, 150, 153, 154, 156,
    158, 175, 184, 185, 189, 190, 195, 199, 202, 208, 209, 210, 211, 212, 226, 234, 240, 246, 249,
    262, 264, 267, 269, 272, 275, 279, 281, 290, 291, 309, 314, 317, 346, 358, 384, 385, 9_001,
    10_003, 10_058, 10_107, 11_600, 11_602, 13_388, 13_435, 13_436, 14_031, 17_280,
  ]

  /// What of an error's text at `range` may be shown: up to what it quotes of the users' documents.
  static func shown(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    for index in range {
      switch bytes[index] {
      case 0x22, 0x27, 0x60, 0x7b, 0x5b: return range.lowerBound..<index  // " ' ` { [
      default: continue
      }
    }
    return range
  }
}
