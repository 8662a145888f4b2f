// SPDX-License-Identifier: Apache-2.0

/// How an API server is reached: where it is, whom to believe that it is the one, and who we are.
package struct ClusterAccess: Hashable, Sendable {
  /// Whom to believe.
  package enum Authority: Hashable, Sendable {
    /// Certificates in PEM.
    case certificates([UInt8])
    /// A file with such, read for every connection: it is replaced now and then.
    case file(String)
    /// Whom the system believes.
    case system
    /// Nobody is asked: anyone between us and the server can read along and say what they like.
    case unchecked
  }

  package enum Credentials: Hashable, Sendable {
    case none
    case token(String)
    /// A file with a token, read for every connection: tokens of service accounts live for an hour.
    case tokenFile(String)
    /// A client certificate with its chain, and its key, in PEM.
    case certificate(chain: [UInt8], key: [UInt8])
    /// The same in files, read for every connection.
    case certificateFiles(chain: String, key: String)
    /// A program that says a token or a certificate.
    case plugin(CredentialPlugin)
  }

  package var host: String
  package var port: Int
  package var isTLS: Bool
  /// What stands before every path; empty, or with a slash before it and none behind.
  package var basePath: String
  package var authority: Authority
  /// The name that the server's certificate must have, where it is not the host's.
  package var serverName: String?
  package var credentials: Credentials
  /// As people call the cluster; empty where nobody says.
  package var clusterName: String

  package init(
    host: String, port: Int, isTLS: Bool = true, basePath: String = "", authority: Authority,
    serverName: String? = nil, credentials: Credentials, clusterName: String = ""
  ) {
    self.host = host
    self.port = port
    self.isTLS = isTLS
    self.basePath = basePath
    self.authority = authority
    self.serverName = serverName
    self.credentials = credentials
    self.clusterName = clusterName
  }

  /// What tells the cluster from others: agents that reach it in the same way say the same.
  package var key: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      // FNV-1a.
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    // Every cluster may have the same address of its own, but not the same authority.
    switch authority {
    case .certificates(let bytes): add(bytes)
    case .file(let path): add((try? CredentialHolder.contents(of: path)) ?? Array(path.utf8))
    case .system, .unchecked: break
    }
    add(basePath.utf8)
    return "\(host):\(port)/" + String(hash, radix: 16)
  }

  /// Where the server is, from `https://host:port/path`; nil for what is no such address.
  static func server(
    _ text: String
  ) -> (host: String, port: Int, isTLS: Bool, basePath: String)? {
    let parts = text.split(separator: "://", maxSplits: 1)
    guard parts.count == 2, parts[0] == "https" || parts[0] == "http" else { return nil }
    let isTLS = parts[0] == "https"
    let slash = parts[1].firstIndex(of: "/") ?? parts[1].endIndex
    var path = String(parts[1][slash...])
    while path.last == "/" { path.removeLast() }
    var authority = parts[1][..<slash]
    guard !authority.contains("@"), !path.contains("?"), !path.contains("#") else { return nil }
    var port = isTLS ? 443 : 80
    let afterHost = authority.last == "]" ? nil : authority.lastIndex(of: ":")
    if let afterHost {
      guard let number = UInt16(authority[authority.index(after: afterHost)...]), number > 0 else {
        return nil
      }
      port = Int(number)
      authority = authority[..<afterHost]
    }
    if authority.first == "[", authority.last == "]" {
      authority = authority.dropFirst().dropLast()
    }
    guard !authority.isEmpty else { return nil }
    return (String(authority), port, isTLS, path)
  }
}

/// Why a cluster cannot be reached as it is configured, in a sentence.
package struct ClusterAccessError: Error, Hashable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) {
    self.description = description
  }
}
