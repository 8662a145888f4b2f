// SPDX-License-Identifier: Apache-2.0
//
// The protocol NAME. What it reads now is an example: lines of ASCII, a request each, which are answered in
// order by lines that begin with + or -. See docs/guides/writing-a-plugin.md of MetaFlow.

/// Bytes up to the end of the first line, and with it; nil when that has not come.
private func lineEnd() -> UInt32? {
  var place: UInt32 = 0
  while place < desk.payload_count {
    if metaflow_byte(place) == 10 { return place + 1 }
    place += 1
  }
  return nil
}

/// Whether the payload is of this protocol: 0 no, 1 undecided, 3 the client's, 4 the server's.
@_expose(wasm, "metaflow_recognize") @_cdecl("metaflow_recognize")
public func recognize() -> Int32 {
  guard let end = lineEnd() else { return desk.payload_count < 1024 ? 1 : 0 }
  for place in 0..<(end - 1) where metaflow_byte(place) < 32 && metaflow_byte(place) != 13 {
    return 0
  }
  return metaflow_byte(0) == 43 || metaflow_byte(0) == 45 ? 4 : 3
}

/// Reads the message at the payload's front.
@_expose(wasm, "metaflow_read") @_cdecl("metaflow_read")
public func read() -> Int32 {
  guard let end = lineEnd() else { return metaflow_need(0) }
  var count = end - 1
  if count > 0, metaflow_byte(count - 1) == 13 { count -= 1 }
  if Int(desk.side) == METAFLOW_SERVER {
    if metaflow_byte(0) == 45 {
      metaflow_status(Int32(METAFLOW_SERVER_ERROR))
      metaflow_set(Int32(METAFLOW_EXCEPTION), metaflow_at(1), count - 1)
    }
    return metaflow_message_of(Int32(METAFLOW_RESPONSE), UInt64(end))
  }
  var word: UInt32 = 0
  while word < count, metaflow_byte(word) != 32 { word += 1 }
  metaflow_set(Int32(METAFLOW_REQUEST_TYPE), metaflow_at(0), word)
  metaflow_set(Int32(METAFLOW_ENDPOINT), metaflow_at(0), word)
  metaflow_set(Int32(METAFLOW_REQUEST_RESOURCE), metaflow_at(0), count)
  return metaflow_message_of(Int32(METAFLOW_REQUEST), UInt64(end))
}
