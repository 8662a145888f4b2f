// SPDX-License-Identifier: Apache-2.0

import Protocols
import Telemetry
import TestSupport

/// What hosts and networks say to each other.
extension RecognitionMatrixTests {
  static let hosts: [Opening] = [
    .init("SSH", .server, "SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
    .init("SSH, cut", .client, "SSH-", "?SSH,?DNS,?HTTP,?PostgreSQL"),
    .init("SMTP", .server, "220 mail.example.org ESMTP\r\n", "SMTP"),
    .init("SMTP says hello", .client, "EHLO a.example\r\n", "SMTP"),
    .init("SMTP or FTP", .server, "220 welcome\r\n", "?SMTP,?FTP"),
    .init("FTP", .server, "220 (vsFTPd 3.0.3)\r\n", "FTP"),
    .init("SIP", .client, "INVITE sip:a@b SIP/2.0\r\n", "SIP"),
    .init(
      "SIP in a datagram", .client, Array("REGISTER sip:b SIP/2.0\r\n".utf8), "SIP", .udp),
    .init("SIP answers", .server, "SIP/2.0 200 OK\r\n", "SIP"),
    .init(
      "Syslog", .client, Array("<34>Oct 11 22:14:15 a su[2]: b".utf8), "Syslog", .udp),
    .init("Modbus elsewhere", .client, [0, 7, 0, 0, 0, 6, 17, 3, 0, 107, 0, 3], "?SOME/IP"),
    .init(
      "NTP", .client,
      [0x23, 0, 6, 0x20] + [UInt8](repeating: 0, count: 36) + [0xeb, 0xd1, 0xf2, 0xa3, 1, 2, 3, 4],
      "NTP", .udp),
    .init("NTP without a time", .client, [0x23] + [UInt8](repeating: 0, count: 47), "", .udp),
    .init(
      "DHCP", .client,
      [1, 1, 6, 0, 1, 2, 3, 4] + [UInt8](repeating: 0, count: 228) + [0x63, 0x82, 0x53, 0x63]
        + [53, 1, 1, 255], "DHCP", .udp),
    .init(
      "SNMP", .client,
      KafkaTalks.bytes(
        "30 1d 02 01 01 04 01 'c' a0 15 02 01 07 02 01 00 02 01 00 30 0a 30 08 06 04 2b060102 05 00"
      ),
      "SNMP", .udp),
    .init(
      "RADIUS", .client,
      [1, 7, 0, 32] + [UInt8](repeating: 9, count: 16) + [1, 6] + Array("anna".utf8)
        + [4, 6, 10, 0, 0, 1], "RADIUS", .udp),
    .init(
      "Diameter", .client,
      KafkaTalks.bytes(
        "01 000024 80 000110 00000004 00000007 00000001 00000107 40 000010 'gw;1;2.3'"),
      "Diameter"),
    .init("SQL Server", .client, TDSTalks.message(1, TDSTalks.batch("SELECT 1")), "SQL Server"),
    .init("SQL Server answer", .server, TDSTalks.message(4, TDSTalks.done()), "SQL Server"),
  ]
}
