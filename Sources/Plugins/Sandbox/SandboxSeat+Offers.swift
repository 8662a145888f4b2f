// SPDX-License-Identifier: Apache-2.0

import CWasm

/// What a module of DeepFlow's interface is shown, and what it says.
extension SandboxSeat {
  enum Offer {
    case base, payload, request, response

    fileprivate var raw: mf_wasm_offer {
      switch self {
      case .base: MF_WASM_OFFER_BASE
      case .payload: MF_WASM_OFFER_PAYLOAD
      case .request: MF_WASM_OFFER_REQUEST
      case .response: MF_WASM_OFFER_RESPONSE
      }
    }
  }

  /// Bytes of an offer, and of records, at most.
  static var offerLimit: Int { Int(MF_WASM_OFFER_BYTES) }

  func offer(_ bytes: Span<UInt8>, as offer: Offer) {
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe mf_wasm_offer(instance, offer.raw, source.baseAddress, source.count)
    }
  }

  /// The records that it handed over in the last call.
  func takeRecords() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.offerLimit)
    let count = unsafe bytes.withUnsafeMutableBufferPointer { room in
      unsafe mf_wasm_take_records(instance, room.baseAddress, room.count)
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}
