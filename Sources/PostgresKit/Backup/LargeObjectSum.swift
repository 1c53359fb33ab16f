package import RecoverBase

/// The content of large objects as a sum: a row for each 16 KiB, `OID OFFSET HEX`, and one for each object, `OID SIZE`.
package struct LargeObjectSum: Sendable {
  package private(set) var content = ContentSum()
  package private(set) var objects: Int64 = 0
  private var line: [UInt8] = []
  private var oid: [UInt8] = []
  private var size: Int64 = 0
  /// Hexadecimal digits of a block that is not full.
  private var digits: [UInt8] = []
  static let blockBytes = 16_384

  private static let open = Array("SELECT pg_catalog.lo_open('".utf8)
  private static let write = Array("SELECT pg_catalog.lowrite(0, '\\x".utf8)
  private static let close = Array("SELECT pg_catalog.lo_close(0);".utf8)

  package init() {}

  /// Reads on in what pg_dump writes of large objects; pieces need not end at a line's end.
  package mutating func read(_ text: ArraySlice<UInt8>) {
    var rest = text
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      line += rest[..<end]
      take()
      line.removeAll(keepingCapacity: true)
      rest = rest[(end + 1)...]
    }
    line += rest
  }

  private mutating func take() {
    if line.starts(with: Self.write) {
      digits += line.dropFirst(Self.write.count).prefix { $0 != UInt8(ascii: "'") }
      while digits.count >= Self.blockBytes * 2 { addBlock(Self.blockBytes * 2) }
    } else if line.starts(with: Self.open) {
      oid = Array(line.dropFirst(Self.open.count).prefix { $0 != UInt8(ascii: "'") })
      (size, digits) = (0, [])
    } else if line.starts(with: Self.close) {
      if !digits.isEmpty { addBlock(digits.count) }
      content.add(row: (oid + Array(" \(size)\n".utf8)).span)
      objects += 1
    }
  }

  private mutating func addBlock(_ count: Int) {
    let row = oid + Array(" \(size) ".utf8) + digits.prefix(count) + [UInt8(ascii: "\n")]
    content.add(row: row.span)
    size += Int64(count / 2)
    digits.removeFirst(count)
  }
}

extension LargeObjectSum {
  /// The same of a database's large objects, some hundred in a transaction, since each takes a descriptor.
  static func read(_ connection: inout Connection) throws -> (objects: Int64, content: ContentSum) {
    var (objects, content) = (Int64(0), ContentSum())
    var last = "0"
    while let result = try next(after: last, &connection) {
      try connection.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") { connection in
        _ = try connection.copyOut(sum(after: last, until: result.last)) { row in content.add(row: row) }
      }
      objects += result.count
      last = result.last
    }
    return (objects, content)
  }

  private static func next(
    after oid: String, _ connection: inout Connection
  ) throws -> (last: String, count: Int64)? {
    let result = try connection.query(
      """
      SELECT max(oid), count(*) FROM (SELECT oid FROM pg_catalog.pg_largeobject_metadata
        WHERE oid > \(oid) ORDER BY oid LIMIT 500) AS batch
      """)
    guard let last = result[0, 0], let count = result.integer(0, 1) else { return nil }
    return (last, count)
  }

  private static func sum(after first: String, until last: String) -> String {
    """
    COPY (WITH opened AS MATERIALIZED (
        SELECT oid, pg_catalog.lo_open(oid, 262144) AS descriptor FROM pg_catalog.pg_largeobject_metadata
        WHERE oid > \(first) AND oid <= \(last)),
      sized AS MATERIALIZED (SELECT oid, pg_catalog.lo_lseek64(descriptor, 0, 2) AS size FROM opened)
      SELECT oid || ' ' || size FROM sized
      UNION ALL
      SELECT oid || ' ' || start || ' ' || pg_catalog.encode(
        pg_catalog.lo_get(oid, start, \(blockBytes)), 'hex')
      FROM sized, pg_catalog.generate_series(0::int8, size - 1, \(blockBytes)::int8) AS start) TO STDOUT
    """
  }
}
