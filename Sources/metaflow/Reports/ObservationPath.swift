// SPDX-License-Identifier: Apache-2.0

/// The observation points on the way from client to server, and which of them speaks for a thing
/// that several saw.
enum ObservationPath {
  private static let points = [
    "c-app", "c-p", "c", "c-nd", "c-hv", "c-gw-hv", "c-gw", "local", "app", "rest", "s-gw",
    "s-gw-hv", "s-hv", "s-nd", "s", "s-p", "s-app",
  ]

  private static func place(_ row: Row) -> Int {
    points.firstIndex(of: row["observation_point"].text) ?? points.count / 2
  }

  /// Of the rows with the same values of `columns`, the nearest to the server that saw at least half
  /// as much as the one that saw most.
  static func nearestServer(_ rows: [Row], by columns: [String], weight: String) -> [Row] {
    groups(rows) { row in columns.map { row[$0].text }.joined(separator: "\n") }.compactMap {
      same in
      let most = same.map { $0.number(weight) }.max() ?? 0
      return same.filter { $0.number(weight) * 2 >= most }.max { place($0) < place($1) }
    }
  }

  /// Of the records with the same key, the nearest to the client, with all their points. The same
  /// point twice is two things; so is a record without a key.
  static func nearestClient(_ rows: [Row], key: (Row) -> String?) -> [Row] {
    var found: [[Row]] = []
    var indices: [String: [Int]] = [:]
    for row in rows {
      guard let key = key(row) else {
        found.append([row])
        continue
      }
      let point = row["observation_point"]
      let index = indices[key, default: []].first { index in
        !found[index].contains { $0["observation_point"] == point }
      }
      if let index {
        found[index].append(row)
      } else {
        indices[key, default: []].append(found.count)
        found.append([row])
      }
    }
    return found.map { same in
      let way = same.sorted { place($0) < place($1) }
      var first = way[0]
      first["observation_point"] = .text(
        way.map { $0["observation_point"].text }.joined(separator: " "))
      return first
    }
  }

  /// Rows with the same key, in the order of their first.
  private static func groups(_ rows: [Row], key: (Row) -> String) -> [[Row]] {
    var order: [String] = []
    var groups: [String: [Row]] = [:]
    for row in rows {
      let key = key(row)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(row)
    }
    return order.compactMap { groups[$0] }
  }
}
