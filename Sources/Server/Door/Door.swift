// SPDX-License-Identifier: Apache-2.0

import ConfigurationFile
import HTTPTypes
import Hummingbird

/// Who is let in.
///
/// The server has no credentials yet and listens on loopback only, where browsers reach it too: with
/// every page that is open in them. Two things tell a page from a user. A name of the attacker's that
/// resolves to 127.0.0.1 (DNS rebinding) stands in `Host`; and browsers say in `Origin` and
/// `Sec-Fetch-Site` that a page of another server asks.
struct Door: Sendable {
  /// Names besides those of loopback by which the server may be called.
  private let names: Set<String>
  /// Of them, those whose pages may ask whatever name they call the server by: a proxy may change it.
  private let allowed: Set<String>

  /// - Parameters:
  ///   - address: What is listened on; its host is a name of the server.
  ///   - allowedHosts: More names, as of a proxy or a tunnel that leads here.
  init(listening address: NetworkAddress, allowedHosts: [String]) {
    allowed = Set(allowedHosts.compactMap(Authority.host))
    names = allowed.union([address.host].compactMap(Authority.host))
  }

  /// Why `request` is not served; nil when it is.
  func refusal(_ request: Request) -> Refusal? {
    // Of two hosts nobody knows which one is meant (RFC 9112 section 3.2).
    guard let text = request.head.authority, !text.isEmpty,
      !request.head.headerFields.contains(where: { $0.name.canonicalName == "host" })
    else {
      return Refusal("The request needs one Host header, which says what server is meant.")
    }
    guard let host = Authority(text), host.isLoopback || names.contains(host.host) else {
      return forbidden(
        "'\(text.prefix(100))' is no name of this server",
        because: "a web page could read what was captured by a name of its own", allow: text)
    }
    if let text = request.headers[.origin] {
      guard let origin = WebOrigin(text),
        origin.isSame(as: host) || allowed.contains(origin.authority.host)
      else {
        return forbidden(
          "a page of '\(text.prefix(100))' asks",
          because: "only this server's own pages may read what was captured", allow: text)
      }
      return nil
    }
    if let site = request.headers[.secFetchSite], site != "same-origin", site != "none",
      !isNavigation(request)
    {
      return forbidden(
        "a page of another site asks",
        because: "only this server's own pages may read what was captured", allow: "")
    }
    return nil
  }

  /// A link on another page that was followed, which that page cannot read.
  private func isNavigation(_ request: Request) -> Bool {
    (request.method == .get || request.method == .head)
      && request.headers[.secFetchMode] == "navigate"
      && request.headers[.secFetchDest] == "document"
  }

  private func forbidden(_ what: String, because why: String, allow text: String) -> Refusal {
    let name = (Authority(text) ?? WebOrigin(text)?.authority)?.host ?? "NAME"
    return Refusal(
      "Refused: \(what), and \(why). If it is a name of yours for this server, add '\(name)' to "
        + "allowed_hosts in its configuration, or start it with --allowed-host \(name).",
      code: "FORBIDDEN", status: .forbidden)
  }
}

extension HTTPField.Name {
  fileprivate static let secFetchSite = Self("Sec-Fetch-Site")!
  fileprivate static let secFetchMode = Self("Sec-Fetch-Mode")!
  fileprivate static let secFetchDest = Self("Sec-Fetch-Dest")!
}
