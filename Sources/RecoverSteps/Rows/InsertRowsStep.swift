internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `rows.insert`: adds the rows that the live table lacks, by one transaction that also keeps their keys.
///
/// Its undo deletes those of them that nobody has changed since, and says which stay.
struct InsertRowsStep: Step {
  let drivers: StepDrivers
  static let crashPoints = RowsInsertion.Point.allCases.map(\.rawValue)

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let rows = try RowsWork(context, drivers)
    guard try await rows.areThere() else { return .notDone }
    return .done(try await evidence(rows, context))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let rows = try RowsWork(context, drivers)
    let (insertion, reporter) = (rows.insertion, context.reporter)
    try await rows.tables.onLive { connection, _ in
      reporter.progress(
        Progress(doneBytes: 0, detail: "inserting into \(insertion.check.match.table)", isMeasured: false))
      try insertion.perform(&connection) { reporter.reach($0.rawValue) }
    }
    return try await evidence(rows, context)
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    try await RowsWork(context, drivers).areThere() ? .holds : .fails("the keys of the inserted rows are not there")
  }

  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult {
    try await RowsWork(context, drivers).areThere() ? .present : .absent
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let rows = try RowsWork(context, drivers)
    return try RemovalEvidence.of(try await rows.remove(context.reporter), rows.removal.breadcrumb)
  }

  private func evidence(_ rows: RowsWork, _ context: StepContext) async throws -> JSONValue {
    let insertion = rows.insertion
    let report = try await rows.tables.onLive { connection, _ in try insertion.report(&connection) }
    return try JSONValue(encoding: report)
  }
}

/// What a removal of rows leaves in the journal.
struct RemovalEvidence: Encodable {
  var report: RowsRemoval.Report
  var keptUntil: String?

  private enum CodingKeys: String, CodingKey {
    case deleted, rowsLeft, leftKeys, leftIn
    case keptUntil = "kept until"
  }

  static func of(_ report: RowsRemoval.Report, _ breadcrumb: Breadcrumb) throws -> JSONValue {
    try JSONValue(
      encoding: RemovalEvidence(
        report: report, keptUntil: report.schema.flatMap { _ in breadcrumb.retainUntil?.description }))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(report.deleted, forKey: .deleted)
    guard let schema = report.schema else { return }
    try container.encode(report.changed + report.referenced, forKey: .rowsLeft)
    try container.encode(report.keptKeys, forKey: .leftKeys)
    try container.encode(schema, forKey: .leftIn)
    try container.encodeIfPresent(keptUntil, forKey: .keptUntil)
  }
}
