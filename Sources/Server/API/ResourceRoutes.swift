// SPDX-License-Identifier: Apache-2.0

import Catalog
import Hummingbird
import Telemetry

/// `GET /v1/resources`: what watchers know, since when and from whom.
struct ResourceRoutes {
  let book: ResourceBook

  private static let known = ["kind", "name", "cluster", "address", "at", "limit"]

  func add(to routes: inout APIRoutes) {
    routes.get("v1/resources") { request, _ throws(Refusal) in
      let given = try ListParameters(request, of: "/v1/resources", known: Self.known)
      return answer(try Wanted(given)).response()
    }
  }

  struct Wanted: Sendable {
    var kind: ResourceKind?
    var name: String?
    var cluster: String?
    var address: IPAddress?
    var second: UInt32
    var limit: Int

    init(_ given: ListParameters) throws(Refusal) {
      kind = try given.choice("kind", ResourceKind.names.map { ($0.name, $0.kind) })
      name = given.text("name")
      cluster = given.text("cluster")
      if let text = given.text("address") {
        guard let address = IPAddress(text) else {
          throw Refusal("address is '\(text)'; it must be an IPv4 or IPv6 address.")
        }
        self.address = address
      }
      let now = wallClock() / 1_000_000_000
      second = UInt32(clamping: try given.number("at", ListParameters.seconds) ?? now)
      limit = Int(try given.number("limit", 1...Int64(ListParameters.mostRows)) ?? 1_000)
    }
  }

  private func answer(_ wanted: Wanted) -> JSONText {
    book.read { who, tellers in
      var found = who.all(at: wanted.second) { identity in
        (wanted.kind == nil || identity.kind == wanted.kind)
          && (wanted.cluster == nil || identity.scope.id == wanted.cluster
            || identity.kind == .cluster && identity.id == wanted.cluster)
      }
      if wanted.name != nil || wanted.address != nil {
        found = found.filter { number in
          guard let version = who.version(of: number, at: wanted.second) else { return false }
          return (wanted.name == nil || who.name(of: version) == wanted.name)
            && (wanted.address.map { who.addresses(of: version).contains($0) } ?? true)
        }
      }
      var json = JSONText()
      json.object { json in
        json.member("resources") { json in
          json.array(found.prefix(wanted.limit)) { $0.resource($1, who, at: wanted.second) }
        }
        json.member("left_off", max(0, found.count - wanted.limit))
        json.member("watchers") { json in
          json.array(tellers.sorted { $0.key.id < $1.key.id }) { json, entry in
            json.object { json in
              json.member("scope", entry.key.id)
              json.member("agent", entry.value.agent)
              json.member("last_told", internetTime(entry.value.lastTold.nanoseconds))
            }
          }
        }
        json.member("kept") { json in
          let tally = who.tally
          json.object { json in
            json.member("resources", tally.resources)
            json.member("versions", tally.versions)
            json.member("refused", tally.refused + tally.refusedIntervals)
            json.member("forgotten", tally.forgotten)
          }
        }
      }
      return json
    }
  }
}

extension JSONText {
  fileprivate mutating func resource(
    _ number: UInt32, _ who: Whereabouts, at second: UInt32
  ) {
    guard let identity = who.identity(of: number),
      let version = who.version(of: number, at: second)
    else { return raw("null") }
    let parents = version.parents.compactMap { number -> (String, String)? in
      guard let identity = who.identity(of: number) else { return nil }
      let name = who.version(of: number, at: second).map { who.name(of: $0) }
      return (identity.kind.name, name ?? identity.id)
    }
    let (name, addresses) = (who.name(of: version), who.addresses(of: version))
    let attributes = who.attributes(of: version)
    object { json in
      json.member("kind", identity.kind.name)
      json.member("name", name)
      json.member("id", identity.id)
      json.member("scope", identity.scope.id)
      json.member("since", internetTime(Int64(version.from) * 1_000_000_000))
      json.member(
        "until", version.last == .max ? "" : internetTime(Int64(version.last) * 1_000_000_000))
      json.member("parents") { json in
        json.array(parents) { json, parent in
          json.object { json in
            json.member("kind", parent.0)
            json.member("name", parent.1)
          }
        }
      }
      json.member("addresses") { json in
        json.array(addresses) { $0.string($1.description) }
      }
      json.member("attributes") { json in
        json.array(attributes) { json, attribute in
          json.object { json in
            json.member("name", attribute.name)
            json.member("value", attribute.value)
          }
        }
      }
    }
  }
}
