// SPDX-License-Identifier: Apache-2.0

import Query

extension JSONText {
  /// A page of calls or flows, what is missing from it, and how many there were over time, if that was
  /// asked for.
  init<Bar>(
    _ page: JoinedPage, losses: Result<[LossSummary], QueryError>, bars: [Bar]?,
    _ write: (inout JSONText, Bar) -> Void
  ) {
    self.init()
    object { json in
      json.answer(page.answer, losses: losses)
      json.member("is_cut") { $0.bool(page.isCut) }
      guard let bars else { return }
      json.member("bars") { $0.array(bars, write) }
    }
  }
}
