// SPDX-License-Identifier: Apache-2.0

import Catalog
import Hummingbird
import Query
import Storage

/// `POST /v1/query/`: one SQL statement, its rows, and what was lost in their time range.
struct QueryRoutes {
  let service: QueryService
  let catalog: Catalog

  func add(to router: Router<some RequestContext>) {
    router.post("v1/query") { request, _ in
      do throws(Refusal) {
        return try await answer(QueryRequest(request))
      } catch {
        return error.response
      }
    }
  }
}
