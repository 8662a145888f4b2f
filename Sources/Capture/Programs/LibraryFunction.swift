// SPDX-License-Identifier: Apache-2.0

/// A function of a TLS library in C, and the programs that look at its beginning and its return. Each
/// takes the library's object for the connection first, and what moves plain text a buffer second.
struct LibraryFunction {
  let name: String
  let began: String
  let ended: String?
  /// Whether plain text cannot be read without it.
  let isNeeded: Bool

  private init(_ name: String, _ began: String, ended: String? = "call_ended", needed: Bool = false)
  {
    self.name = name
    self.began = began
    self.ended = ended
    isNeeded = needed
  }

  static let openSSL = [
    LibraryFunction("SSL_read", "read_began", needed: true),
    LibraryFunction("SSL_read_ex", "read_ex_began"),
    LibraryFunction("SSL_write", "write_began", needed: true),
    LibraryFunction("SSL_write_ex", "write_ex_began"),
    LibraryFunction("SSL_do_handshake", "handshake_began"),
    LibraryFunction("SSL_free", "object_freed", ended: nil),
  ]

  static let gnuTLS = [
    LibraryFunction("gnutls_record_recv", "read_began", needed: true),
    LibraryFunction("gnutls_record_recv_seq", "read_began"),
    LibraryFunction("gnutls_record_send", "write_began", needed: true),
    LibraryFunction("gnutls_record_send2", "write_began"),
    LibraryFunction("gnutls_handshake", "handshake_began"),
    LibraryFunction("gnutls_deinit", "object_freed", ended: nil),
  ]

  /// Where a file is to be probed; empty unless it has enough to read plain text by.
  static func places(
    _ functions: [LibraryFunction], in file: ELFFile
  ) throws(ELFFile.Fault) -> [ProbePlace] {
    let offsets = try file.functions(functions.map(\.name))
    guard functions.allSatisfy({ !$0.isNeeded || offsets[$0.name] != nil }) else { return [] }
    var places: [ProbePlace] = []
    for function in functions {
      guard let offset = offsets[function.name] else { continue }
      places.append(ProbePlace(program: function.began, offset: offset))
      guard let ended = function.ended else { continue }
      places.append(ProbePlace(program: ended, offset: offset, isAtReturn: true))
    }
    return places
  }
}
