import RecoverBase

/// Checks a JSON value against the part of JSON Schema (draft 2020-12) that ``PolicySchema`` uses.
///
/// Written from the specification and not from our writer, so that both have to agree. A keyword that it does
/// not know is reported, since a validator would ignore it.
struct JSONSchemaValidator {
  let root: JSONValue

  /// What is wrong, each with the path of the value; empty when nothing is.
  func errors(_ value: JSONValue) throws -> [String] { try errors(value, root, "$") }

  private static let annotations: Set<String> = ["$schema", "$defs", "title", "description", "default"]

  private func errors(_ value: JSONValue, _ schema: JSONValue, _ path: String) throws -> [String] {
    if let flag = schema.bool { return flag ? [] : ["\(path): nothing is allowed"] }
    guard let keywords = schema.object else { return ["\(path): the schema is neither object nor boolean"] }
    var found: [String] = []
    for (keyword, argument) in keywords.sorted(by: { $0.key < $1.key }) {
      found += try check(keyword, argument, value, keywords, path)
    }
    return found
  }

  private func isValid(_ value: JSONValue, _ schema: JSONValue) throws -> Bool { try errors(value, schema, "").isEmpty }

  private func check(
    _ keyword: String, _ argument: JSONValue, _ value: JSONValue, _ schema: [String: JSONValue], _ path: String
  ) throws -> [String] {
    switch keyword {
    case "$ref":
      let name = argument.string?.split(separator: "/").last.map(String.init) ?? ""
      guard let target = root["$defs"]?[name] else { return ["\(path): dangling reference \(name)"] }
      return try errors(value, target, path)
    case "type": return types(argument).contains { Self.has(value, $0) } ? [] : ["\(path): type"]
    case "const": return value == argument ? [] : ["\(path): const"]
    case "enum": return argument.array?.contains(value) ?? false ? [] : ["\(path): enum"]
    case "anyOf":
      return try argument.array?.contains { try isValid(value, $0) } ?? false ? [] : ["\(path): anyOf"]
    case "oneOf":
      return try argument.array?.filter { try isValid(value, $0) }.count == 1 ? [] : ["\(path): oneOf"]
    case "allOf": return try (argument.array ?? []).flatMap { try errors(value, $0, path) }
    case "if":
      let branch = try isValid(value, argument) ? "then" : "else"
      return try schema[branch].map { try errors(value, $0, path) } ?? []
    case "then", "else": return []
    case _ where Self.annotations.contains(keyword): return []
    default: return try checkContent(keyword, argument, value, schema, path)
    }
  }

  private func checkContent(
    _ keyword: String, _ argument: JSONValue, _ value: JSONValue, _ schema: [String: JSONValue], _ path: String
  ) throws -> [String] {
    switch keyword {
    case "pattern":
      guard let text = value.string else { return [] }
      return try text.contains(Regex(argument.string ?? "")) ? [] : ["\(path): pattern"]
    case "minLength": return value.string.map { $0.count >= Self.count(argument) } ?? true ? [] : ["\(path): minLength"]
    case "minimum":
      return Self.number(value).map { $0 >= Self.number(argument) ?? 0 } ?? true ? [] : ["\(path): minimum"]
    case "maximum":
      return Self.number(value).map { $0 <= Self.number(argument) ?? 0 } ?? true ? [] : ["\(path): maximum"]
    case "minItems": return value.array.map { $0.count >= Self.count(argument) } ?? true ? [] : ["\(path): minItems"]
    case "uniqueItems": return value.array.map { Set($0).count == $0.count } ?? true ? [] : ["\(path): uniqueItems"]
    case "items":
      return try (value.array ?? []).enumerated().flatMap { try errors($1, argument, "\(path)[\($0)]") }
    case "required":
      guard let members = value.object else { return [] }
      return (argument.array ?? []).compactMap(\.string).filter { members[$0] == nil }.map { "\(path): lacks \($0)" }
    case "properties":
      return try (value.object ?? [:]).flatMap { key, member in
        try argument[key].map { try errors(member, $0, "\(path).\(key)") } ?? []
      }
    case "additionalProperties":
      let others = (value.object ?? [:]).filter { schema["properties"]?[$0.key] == nil }
      return try others.flatMap { try errors($1, argument, "\(path).\($0)") }
    case "propertyNames":
      return try (value.object ?? [:]).keys.flatMap { try errors(.string($0), argument, "\(path).\($0)") }
    default: return ["\(path): unknown keyword \(keyword)"]
    }
  }

  private func types(_ argument: JSONValue) -> [String] {
    argument.string.map { [$0] } ?? (argument.array ?? []).compactMap(\.string)
  }

  private static func has(_ value: JSONValue, _ type: String) -> Bool {
    switch value {
    case .null: type == "null"
    case .bool: type == "boolean"
    case .integer: type == "integer" || type == "number"
    case .number: type == "number"
    case .string: type == "string"
    case .array: type == "array"
    case .object: type == "object"
    }
  }

  private static func count(_ value: JSONValue) -> Int { Int(value.integer ?? 0) }

  private static func number(_ value: JSONValue) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .number(let number): number
    case .null, .bool, .string, .array, .object: nil
    }
  }
}
