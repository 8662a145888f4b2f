// SPDX-License-Identifier: Apache-2.0

import Protocols
import Replay
import Telemetry
import TestSupport
import Testing

/// What is told of recorded calls of services: method, endpoint, code, trace. Where the corpus' own results
/// have less, the reason stands beside it.
@Suite struct RPCCorpusTests {
  @Test(
    arguments: [
      (
        "dubbo/dubbo-eys.pcap", 40,
        [
          "getById com.vivo.it.vwork.api.common.export.ExportApi/getById - 90606765166547547262111562aQk8pD"
        ]
      ),
      (
        "dubbo/dubbo-kryo.pcap", 40,
        [
          "sendOfopMsg com.zznode.itms.api.OFOPServer/sendOfopMsg 20 ",
          "sendOfopMsg com.zznode.itms.api.OFOPServer/sendOfopMsg 20 ",
        ]
      ),
      ("dubbo/dubbo_hessian2.pcap", 40, ["login my.demo.service.UserService/login 20 "]),
      (
        "sofarpc/sofa-old.pcap", 43,
        [
          "testSuccess com.mycompany.app.common.ServInterface:1.0/testSuccess 0 0a2200ce167089845152310016143"
        ]
      ),
      (
        "sofarpc/sofa-new.pcap", 43,
        [
          "testSuccess com.mycompany.app.common.ServInterface:1.0/testSuccess 0 0a2200ce1670900283956100813525"
        ]
      ),
      (
        "brpc/brpc-echo.pcap", 45,
        Array(repeating: "Echo example.EchoService/Echo 0 ", count: 5)
      ),
      (
        "tars/tars-echo.pcap", 46,
        [
          "tars_ping tars.tarslog.LogObj/tars_ping 0 ",
          "tars_ping tars.tarslog.TopologyObj/tars_ping 0 ",
        ]
      ),
      ("fastcgi/fastcgi.pcap", 44, ["GET /aaaaa 200 "]),
      ("krpc/krpc.pcap", 201, ["30 455/30 0 gtwdemo-ac110006-463659-122997101"]),
      ("some_ip/some_ip.pcap", 47, ["REQUEST 0x0029/0x5004 0 "]),
    ] as [(String, UInt8, [String])])
  func callsAreAsRecorded(file: String, number: UInt8, expected: [String]) throws {
    guard let path = corpus(file) else { return }
    try replay([path]) { records, _ in
      let told = records.calls.map { call in
        let code = call.record.responseCode.map { "\($0)" } ?? "-"
        return "\(call.requestType) \(call.endpoint) \(code) \(call.traceID)"
      }
      #expect(told.sorted() == expected)
      #expect(records.calls.allSatisfy { $0.record.applicationProtocol.rawValue == number })
    }
  }
}
