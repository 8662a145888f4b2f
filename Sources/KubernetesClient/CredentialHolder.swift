// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Kubernetes
import NIOPosix
import NIOSSL
import Telemetry

/// Who we are to the server, as it stands now: files are read for every connection, and a plugin is
/// asked again before what it said runs out, or when the server no longer takes it.
actor CredentialHolder {
  /// Seconds before the end of a plugin's credential at which it is asked for another.
  private static let margin: Int64 = 30

  struct Present: Sendable {
    var token: String?
    var chain: [NIOSSLCertificate] = []
    var key: NIOSSLPrivateKey?
  }

  private let credentials: ClusterAccess.Credentials
  private var said: ExecCredential?
  private var question: Task<ExecCredential, any Error>?

  init(_ credentials: ClusterAccess.Credentials) {
    self.credentials = credentials
  }

  /// - Throws: ``ClusterAccessError``, with a sentence.
  func present(at now: Timestamp) async throws -> Present {
    switch credentials {
    case .none: return Present()
    case .token(let token): return Present(token: token)
    case .tokenFile(let path):
      let token = String(decoding: try Self.contents(of: path), as: UTF8.self)
        .trimming { $0.isWhitespace }
      guard !token.isEmpty else {
        throw ClusterAccessError("\(path) is empty; it must hold a token")
      }
      return Present(token: token)
    case .certificate(let chain, let key):
      return try Self.certificate(chain, key, "the client certificate")
    case .certificateFiles(let chain, let key):
      return try Self.certificate(
        try Self.contents(of: chain), try Self.contents(of: key), chain)
    case .plugin(let plugin):
      let said = try await answer(of: plugin, at: now)
      guard said.certificate.isEmpty else {
        var present = try Self.certificate(
          Array(said.certificate.utf8), Array(said.key.utf8), plugin.command)
        present.token = said.token.isEmpty ? nil : said.token
        return present
      }
      return Present(token: said.token)
    }
  }

  /// The server does not take what was presented.
  func refused() {
    said = nil
  }

  private func answer(of plugin: CredentialPlugin, at now: Timestamp) async throws -> ExecCredential
  {
    if let said, said.expiration.map({ $0.seconds - Self.margin > now.seconds }) ?? true {
      return said
    }
    // Those who come while it is asked wait for the same answer.
    let asking =
      question ?? Task { try await NIOThreadPool.singleton.runIfActive { try plugin.ask() } }
    question = asking
    defer { question = nil }
    let answer = try await asking.value
    said = answer
    return answer
  }

  static func contents(of path: String) throws -> [UInt8] {
    do {
      return Array(try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw ClusterAccessError("\(path) cannot be read: is it there, and may we?")
    }
  }

  private static func certificate(
    _ chain: [UInt8], _ key: [UInt8], _ name: String
  ) throws -> Present {
    do {
      return Present(
        chain: try NIOSSLCertificate.fromPEMBytes(chain),
        key: try NIOSSLPrivateKey(bytes: key, format: .pem))
    } catch {
      throw ClusterAccessError("\(name) is no certificate with its key in PEM: \(error)")
    }
  }
}

extension String {
  fileprivate func trimming(_ isCut: (Character) -> Bool) -> String {
    String(drop(while: isCut).reversed().drop(while: isCut).reversed())
  }
}
