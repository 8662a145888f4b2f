// SPDX-License-Identifier: Apache-2.0

internal import BPFObjects
internal import Glibc

/// Where in a file a program of a probe object is put in.
struct ProbePlace: Equatable {
  let program: String
  let offset: UInt64
  /// Whether it runs when the function that begins there returns.
  var isAtReturn = false
}

/// A way in which programs do TLS. A new one is a case, its place in ``PlainTextProbe`` and its finder.
enum TLSImplementation: CaseIterable {
  case openSSL, gnuTLS, go

  /// What is probed, for people.
  var hook: (name: String, shows: String) {
    switch self {
    case .openSSL: ("SSL_read/SSL_write", "plain text of OpenSSL")
    case .gnuTLS: ("gnutls_record_*", "plain text of GnuTLS")
    case .go: ("crypto/tls", "plain text of programs in Go")
    }
  }

  /// Where a file is to be probed; empty when it has no such functions.
  func places(in file: ELFFile) throws(ELFFile.Fault) -> [ProbePlace] {
    switch self {
    case .openSSL: try LibraryFunction.places(LibraryFunction.openSSL, in: file)
    case .gnuTLS: try LibraryFunction.places(LibraryFunction.gnuTLS, in: file)
    case .go: try Self.goPlaces(in: file)
    }
  }

  private static func goPlaces(in file: ELFFile) throws(ELFFile.Fault) -> [ProbePlace] {
    let (read, write) = ("crypto/tls.(*Conn).Read", "crypto/tls.(*Conn).Write")
    guard let functions = try GoFunctions(file)?.find([read, write]),
      let reads = functions[read], let writes = functions[write]
    else { return [] }
    var places: [ProbePlace] = []
    for (function, name) in [(reads, "go_read"), (writes, "go_write")] {
      // Ends first: no call is begun that is not seen to end.
      places += function.returns.map { ProbePlace(program: "\(name)_ended", offset: $0) }
      places.append(ProbePlace(program: "\(name)_began", offset: function.entry))
    }
    return places
  }
}

/// The probes that read what one implementation is handed, loaded if the kernel lets them.
struct PlainTextProbe {
  let implementation: TLSImplementation
  private let probe: Result<LoadedProbe, LoadedProbe.Refusal>

  /// What the kernel refused; nil when it lets programs load.
  var refusal: LoadedProbe.Refusal? {
    if case .failure(let refusal) = probe { refusal } else { nil }
  }

  static func all(sharing maps: SharedMaps, options: ProbeOptions) -> [PlainTextProbe] {
    func load(
      _ image: BPFObject, _ programs: [ProbeProgram]
    ) -> Result<LoadedProbe, LoadedProbe.Refusal> {
      Result { () throws(LoadedProbe.Refusal) in
        try LoadedProbe(
          image, programs: programs, options: options, kernel: KernelTypes(), sharing: maps)
      }
    }
    // What libraries in C are called with is alike enough.
    let library = load(.openssl, ProbeProgram.openSSL)
    let go = load(.gotls, ProbeProgram.goTLS)
    return TLSImplementation.allCases.map {
      PlainTextProbe(implementation: $0, probe: $0 == .go ? go : library)
    }
  }

  /// Puts a program in. 0 or errno.
  func attach(_ place: ProbePlace, to path: String, _ links: FunctionLinks) -> CInt {
    switch probe {
    case .success(let probe):
      probe.attach(
        place.program, to: path, offset: place.offset, atReturn: place.isAtReturn, links)
    case .failure(let refusal): refusal.code
    }
  }
}
