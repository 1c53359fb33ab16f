internal import RecoverBase

/// Looks for every object of the dump in the catalog, one query a kind.
struct ObjectProof {
  private let objects: [DumpObject.Kind: Set<DumpObject>]
  /// The kinds of which there were too many to keep, with their numbers.
  private let countsOnly: [DumpObject.Kind: Int]
  private let isFromPgDump: Bool

  init(_ request: ProofRequest) {
    var objects: [DumpObject.Kind: Set<DumpObject>] = [:]
    var counts: [DumpObject.Kind: Int] = [:]
    for segment in request.segments {
      if segment.hasAllObjects {
        // A set: pg_dump makes some objects twice, as a shell and then whole.
        for object in segment.objects { objects[object.kind, default: []].insert(object) }
      } else {
        counts.merge(segment.objectCounts, uniquingKeysWith: +)
      }
    }
    self.objects = objects
    countsOnly = counts
    isFromPgDump = request.isFromPgDump
  }

  /// A name that the dump gives to a number of objects, which arguments tell apart.
  private struct Name: Codable, Hashable {
    var schema: String?
    var name: String
    var table: String?
    var number = 1
  }

  func compare(_ proof: inout RestoreProof, _ connection: inout Connection) throws {
    for (kind, wanted) in objects.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      guard let catalog = kind.catalog else {
        proof.unproved.append("\(wanted.count) objects of kind \(kind.rawValue): they have no name to look for")
        continue
      }
      for missing in try look(Self.names(of: wanted), in: catalog, &connection) {
        note(kind, missing, &proof)
      }
      proof.objects += wanted.count
    }
    for (kind, expected) in countsOnly.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      proof.unproved.append("\(expected) objects of kind \(kind.rawValue): too many in one dump to keep their names")
    }
  }

  private func note(_ kind: DumpObject.Kind, _ missing: Name, _ proof: inout RestoreProof) {
    let difference = RestoreProof.Difference.missingObject(
      kind, SQLName(schema: missing.schema, missing.name), table: missing.table.map { SQLName($0) })
    if isFromPgDump {
      proof.add(difference)
    } else {
      proof.unproved.append("\(difference) (the dump was not written by pg_dump, and may have dropped it again)")
    }
  }

  /// Objects of one name are counted, since their arguments are written in many ways.
  private static func names(of objects: Set<DumpObject>) -> [Name] {
    var numbers: [Name: Int] = [:]
    for object in objects {
      numbers[Name(schema: object.name.schema, name: object.name.name, table: object.table?.name), default: 0] += 1
    }
    return numbers.map { name, number in
      Name(schema: name.schema, name: name.name, table: name.table, number: number)
    }
  }

  /// The names of which the catalog has fewer objects.
  private func look(_ names: [Name], in catalog: String, _ connection: inout Connection) throws -> [Name] {
    var missing: [Name] = []
    for start in stride(from: 0, to: names.count, by: 20_000) {
      let part = Array(names[start..<min(start + 20_000, names.count)])
      let json = String(decoding: try JSONValue.canonicalBytes(of: part), as: UTF8.self)
      missing += try connection.document([Name].self, Self.query(catalog), [json]) ?? []
    }
    return missing.sorted { ($0.schema ?? "", $0.name) < ($1.schema ?? "", $1.name) }
  }

  /// Names are cut to the server's 63 bytes on both sides.
  private static func query(_ catalog: String) -> String {
    """
    WITH wanted AS (
        SELECT schema::name, name::name, "table"::name, number
        FROM json_to_recordset($1::json) AS w (schema text, name text, "table" text, number int)),
      present AS (SELECT schema, name, "table", count(*) AS number FROM (\(catalog)) AS c (schema, name, "table") GROUP BY 1, 2, 3),
      compared AS (
        SELECT w.schema, w.name, w."table", w.number, COALESCE(sum(p.number), 0) AS found
        FROM wanted AS w LEFT JOIN present AS p ON p.name = w.name
          AND (w.schema IS NULL OR p.schema IS NULL OR p.schema = w.schema)
          AND (w."table" IS NULL OR p."table" IS NULL OR p."table" = w."table")
        GROUP BY w.schema, w.name, w."table", w.number)
    SELECT json_agg(json_build_object('schema', schema, 'name', name, 'table', "table", 'number', number))
    FROM compared WHERE found < number
    """
  }
}
