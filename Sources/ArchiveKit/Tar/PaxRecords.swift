/// The records of one extended header (POSIX, pax, "pax Extended Header"): `LENGTH KEYWORD=VALUE\n`, LENGTH counting all.
struct PaxRecords {
  struct Record: Hashable {
    let keyword: String
    let value: [UInt8]
  }

  let records: [Record]

  /// - Throws: what is wrong with them; nothing may be left over.
  init(_ payload: [UInt8]) throws(TarFault) {
    var records: [Record] = []
    var rest = payload[...]
    while !rest.isEmpty {
      guard let space = rest.firstIndex(of: UInt8(ascii: " ")), let length = TarNumber.decimal(rest[..<space]),
        length <= rest.count, rest.startIndex + Int(length) > space + 1
      else { throw TarFault("an extended header holds a record without its length") }
      let record = rest[(space + 1)..<(rest.startIndex + Int(length))]
      guard record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")),
        equals > record.startIndex
      else { throw TarFault("an extended header holds a record that is not KEYWORD=VALUE and a newline") }
      guard let keyword = String(validating: record[..<equals], as: UTF8.self), !keyword.utf8.contains(0) else {
        throw TarFault("an extended header has a keyword that is no text")
      }
      records.append(Record(keyword: keyword, value: Array(record[(equals + 1)..<(record.endIndex - 1)])))
      rest = rest[(rest.startIndex + Int(length))...]
    }
    self.records = records
  }
}
