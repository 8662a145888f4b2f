// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Dispatch
import Synchronization
import Telemetry
import Wire

/// Why a body is not taken. Whoever sent it keeps it.
package enum BodyRefusal: Error, Hashable, Sendable {
  /// It cannot be read, and never will be.
  case unreadable(FormatError)
  /// The source cannot be given a number.
  case noSource(String)
  /// Not now: the text says why. It can be sent again.
  case busy(String)
}

/// One body of a source.
package struct SourceBody: Sendable {
  package var format: any IngestFormat.Type
  package var encoding: BodyEncoding
  package var payload: [UInt8]
  /// The sender's name.
  package var source: String

  package init(
    format: any IngestFormat.Type, encoding: BodyEncoding, payload: [UInt8], source: String
  ) {
    self.format = format
    self.encoding = encoding
    self.payload = payload
    self.source = source
  }
}

extension Ingest {
  /// Takes a body of a source, and returns when it is in the journal: from here on it is not lost.
  ///
  /// Sources do not count what they send. One that has no answer sends again, and then its records may
  /// be there twice.
  ///
  /// - Returns: How many records were in it, and how many more were not stored.
  package func take(_ body: SourceBody) async throws(BodyRefusal) -> TakenBody {
    do throws(BodyRefusal) {
      let taken = try await store(body)
      ledger.count { statistics in
        statistics.bodies += 1
        statistics.bodyRecords += UInt64(taken.records)
        statistics.leftOutRecords += UInt64(taken.leftOut.records)
      }
      ledger.leaveOut(.malformedSpan, records: UInt64(taken.leftOut.records))
      return taken
    } catch {
      ledger.count { $0.refusedBodies += 1 }
      throw error
    }
  }

  private func store(_ body: SourceBody) async throws(BodyRefusal) -> TakenBody {
    guard journal.hasRoom else {
      throw .busy("the journal is full of what waits for the store")
    }
    if let fault = journal.fault { throw .busy("the journal cannot be written: \(fault)") }
    let (taken, source) = try await reader.judge(body, catalog)
    guard taken.records > 0 else { return taken }
    let entry = JournalEntry(
      sender: .source(source), sequence: 0, records: UInt32(taken.records),
      format: body.format.number,
      encoding: body.encoding, payload: body.payload)
    let isThere = await withCheckedContinuation { done in
      let submission = journal.submit(entry) { done.resume(returning: $0 != nil) }
      if submission == .stopped { done.resume(returning: false) }
    }
    guard isThere else { throw .busy("the server is stopping") }
    return taken
  }
}

/// What became of a body that was taken.
package struct TakenBody: Hashable, Sendable {
  /// Those that are stored.
  package var records: Int
  package var leftOut: LeftOut
}

/// Reads bodies when they come, one at a time and on a thread of its own: what is unpacked of one is
/// held once, and nobody else waits for it or for the catalog's file.
final class SharedReader: Sendable {
  private struct Tools: ~Copyable {
    var reader = BodyReader()
    var batch = RecordBatch()
  }

  private let tools = Mutex(Tools())
  private let queue = DispatchQueue(label: "bodies")

  /// What is in a body that can be read, and the number of its source.
  func judge(
    _ body: SourceBody, _ catalog: Catalog
  ) async throws(BodyRefusal) -> (taken: TakenBody, source: UInt32) {
    let result: Result<(taken: TakenBody, source: UInt32), BodyRefusal> =
      await withCheckedContinuation { done in
        queue.async { [self] in
          let result = Result { () throws(BodyRefusal) in
            let taken = try count(body, names: ProtocolNames(catalog.snapshot))
            return (
              taken: taken, source: taken.records > 0 ? try number(body.source, catalog) : 0
            )
          }
          done.resume(returning: result)
        }
      }
    return try result.get()
  }

  private func count(
    _ body: SourceBody, names: ProtocolNames
  ) throws(BodyRefusal) -> TakenBody {
    do throws(FormatError) {
      return try tools.withLock { (tools) throws(FormatError) in
        let leftOut = try tools.reader.read(
          body.payload.span, body.encoding, as: body.format, names: names, into: &tools.batch)
        return TakenBody(records: tools.batch.recordCount, leftOut: leftOut)
      }
    } catch {
      throw .unreadable(error)
    }
  }

  private func number(_ source: String, _ catalog: Catalog) throws(BodyRefusal) -> UInt32 {
    do throws(CatalogError) {
      return try catalog.source(named: source)
    } catch {
      throw .noSource("\(error)")
    }
  }
}

extension ProtocolNames {
  package init(_ snapshot: CatalogSnapshot) {
    self.init(snapshot.protocols().map { (name: $0.name, number: $0.number) })
  }
}
