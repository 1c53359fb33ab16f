internal import RecoverBase

extension TreeMetadata {
  func put(to writer: inout ByteWriter) {
    for number in [Int64(mode), Int64(user), Int64(group)] { writer.put(number) }
    Self.put(modified, &writer)
    writer.put(hasWholeSeconds ? 1 : 0)
    writer.put(accessed) { Self.put($1, &$0) }
    writer.put(attributes) { writer, attribute in
      writer.put(attribute.name)
      writer.put(attribute.value)
    }
    writer.put(accessList) { $0.put($1) }
    writer.put(defaultList) { $0.put($1) }
  }

  init(from reader: inout ByteReader) throws {
    mode = UInt16(truncatingIfNeeded: try reader.number())
    user = UInt32(truncatingIfNeeded: try reader.number())
    group = UInt32(truncatingIfNeeded: try reader.number())
    modified = try Self.time(&reader)
    hasWholeSeconds = try reader.number() == 1
    accessed = try reader.optional { try Self.time(&$0) }
    attributes = try reader.array { TarMember.Attribute(name: try $0.text(), value: try $0.content()) }
    accessList = try reader.optional { try $0.content() }
    defaultList = try reader.optional { try $0.content() }
  }

  private static func put(_ time: TarTime, _ writer: inout ByteWriter) {
    writer.put(time.seconds)
    writer.put(Int64(time.nanoseconds))
  }

  private static func time(_ reader: inout ByteReader) throws -> TarTime {
    let seconds = try reader.number()
    return TarTime(seconds: seconds, nanoseconds: Int32(truncatingIfNeeded: try reader.number()))
  }
}
