// SPDX-License-Identifier: Apache-2.0

package import Protocols

/// Messages of SOFARPC, bRPC and Tars, put together from their fields.
package enum RPCTalks {
  private static func two(_ value: Int) -> [UInt8] {
    [UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
  }
  private static func four(_ value: Int) -> [UInt8] { KafkaTalks.number(UInt32(value)) }

  // MARK: Bolt

  package static let requestClass = "com.alipay.sofa.rpc.core.request.SofaRequest"
  package static let responseClass = "com.alipay.sofa.rpc.core.response.SofaResponse"

  /// A command of Bolt; of version 2 with a checksum.
  package static func bolt(
    _ side: Side, kind: UInt8, command: UInt8, id: UInt8 = 7, status: Int = 0, name: String = "",
    headers: KeyValuePairs<String, String> = [:], body: [UInt8] = [], isSecond: Bool = false
  ) -> Talk {
    let pairs = headers.flatMap { pair in
      [pair.key, pair.value].flatMap { (text: String) -> [UInt8] in
        four(text.utf8.count) + Array(text.utf8)
      }
    }
    var bytes: [UInt8] = isSecond ? [2, 1, kind] : [1, kind]
    bytes += [0, command, 1, 0, 0, 0, id, 1] + (isSecond ? [1] : [])
    bytes += kind == 0 ? two(status) : four(3_000)
    bytes += two(name.utf8.count) + two(pairs.count) + four(body.count) + Array(name.utf8) + pairs
    return Talk(side, bytes: bytes + body + (isSecond ? [9, 9, 9, 9] : []))
  }

  package static func boltRequest(
    id: UInt8 = 7, method: String, _ more: KeyValuePairs<String, String> = [:],
    body: [UInt8] = [1, 2, 3]
  ) -> Talk {
    var headers: [(String, String)] = [
      ("sofa_head_target_service", "a.Shop:1.0"), ("sofa_head_method_name", method),
    ]
    headers += more.map { ($0.key, $0.value) }
    let pairs = headers.flatMap { pair in
      [pair.0, pair.1].flatMap { (text: String) -> [UInt8] in
        four(text.utf8.count) + Array(text.utf8)
      }
    }
    let front: [UInt8] = [1, 1, 0, 1, 1, 0, 0, 0, id, 1] + four(3_000)
    let lengths = two(requestClass.utf8.count) + two(pairs.count) + four(body.count)
    return Talk(.client, bytes: front + lengths + Array(requestClass.utf8) + pairs + body)
  }

  package static func boltResponse(id: UInt8 = 7, status: Int = 0, body: [UInt8] = []) -> Talk {
    bolt(.server, kind: 0, command: 2, id: id, status: status, name: responseClass, body: body)
  }

  /// A response in Bolt's Hessian: whether it is an error, its text, the class of the result.
  package static func sofaBody(isError: Bool, text: String? = nil, result: String? = nil) -> [UInt8]
  {
    func definition(_ name: String, _ fields: [String]) -> [UInt8] {
      let length = Array(name.utf8).count
      return [0x4f, 0xc8, UInt8(length)] + Array(name.utf8) + [0x90 + UInt8(fields.count)]
        + fields.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    }
    var bytes = definition(
      responseClass, ["isError", "errorMsg", "appResponse", "responseProps"])
    bytes += [0x6f, 0x90, isError ? 0x54 : 0x46]
    bytes += text.map { [UInt8($0.utf8.count)] + Array($0.utf8) } ?? [0x4e]
    guard let result else { return bytes + [0x4e, 0x4e] }
    return bytes + definition(result, ["detailMessage"]) + [0x6f, 0x91, 0x4e, 0x4e]
  }

  // MARK: bRPC

  /// A field of Protocol Buffers that has bytes, or a number below 128.
  package static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    let count = bytes.count
    let length = count < 128 ? [UInt8(count)] : [UInt8(count & 127) | 128, UInt8(count >> 7)]
    return [number << 3 | 2] + length + bytes
  }

  package static func field(_ number: UInt8, _ value: UInt8) -> [UInt8] { [number << 3, value] }

  package static func brpc(_ side: Side, _ meta: [UInt8], body: [UInt8] = [1, 2]) -> Talk {
    Talk(
      side,
      bytes: Array("PRPC".utf8) + four(meta.count + body.count) + four(meta.count) + meta + body)
  }

  package static func brpcRequest(id: UInt8 = 7, method: String, _ more: [UInt8] = []) -> Talk {
    let call = field(1, Array("example.Echo".utf8)) + field(2, Array(method.utf8))
    return brpc(.client, field(1, call) + field(4, id) + more)
  }

  package static func brpcResponse(
    id: UInt8 = 7, code: [UInt8] = [0], text: String = "", body: [UInt8] = [1, 2]
  ) -> Talk {
    let outcome = [8] + code + (text.isEmpty ? [] : field(2, Array(text.utf8)))
    return brpc(.server, field(2, outcome) + field(4, id), body: body)
  }

  // MARK: Tars

  package static func tars(_ side: Side, _ body: [UInt8]) -> Talk {
    Talk(side, bytes: four(body.count + 4) + body)
  }

  package static func tarsRequest(
    id: UInt8 = 7, function: String, kind: UInt8 = 0, arguments: [UInt8] = [],
    context: KeyValuePairs<String, String> = [:]
  ) -> Talk {
    func text(_ tag: UInt8, _ text: String) -> [UInt8] {
      [tag << 4 | 6, UInt8(text.utf8.count)] + Array(text.utf8)
    }
    var body: [UInt8] = [0x10, 1] + (kind == 0 ? [0x2c] : [0x20, kind]) + [0x3c, 0x40, id]
    body += text(5, "App.Server.Obj") + text(6, function)
    body += [0x7d, 0, 1] + two(arguments.count) + arguments + [0x81, 0x0b, 0xb8]
    let pairs = context.flatMap { text(0, $0.key) + text(1, $0.value) }
    body += [0x98] + (context.isEmpty ? [0x0c] : [0, UInt8(context.count)]) + pairs + [0xa8, 0x0c]
    return tars(.client, body)
  }

  package static func tarsResponse(
    id: UInt8 = 7, result: Int8 = 0, body: [UInt8] = []
  ) -> Talk {
    var bytes: [UInt8] = [0x10, 1, 0x2c, 0x30, id, 0x4c]
    bytes += result == 0 ? [0x5c] : [0x50, UInt8(bitPattern: result)]
    return tars(.server, bytes + [0x6d, 0, 1] + two(body.count) + body + [0x78, 0x0c])
  }
}
