internal import RecoverBase
internal import RecoverCore

/// Writes shapes as JSON Schema; records become definitions that are referred to.
struct JSONSchemaWriter {
  private(set) var definitions: [String: JSONValue] = [:]

  static let namePattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$"
  static let durationPattern = "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?([0-9]+us)?([0-9]+ns)?$"
  static let sizePattern = "^[0-9]+([.][0-9]+)? ?([kKmMgGtTpP][iI]?)?[bB]?$"

  /// A reference to a record, which is defined on the way.
  mutating func reference(to record: Record) -> JSONValue {
    if definitions[record.name] == nil {
      // Taken before its fields are written, for records that hold each other.
      definitions[record.name] = .null
      definitions[record.name] = schema(of: record)
    }
    return ["$ref": .string("#/$defs/\(record.name)")]
  }

  mutating func schema(of record: Record) -> JSONValue {
    var properties: [String: JSONValue] = [:]
    for field in record.fields { properties[field.key] = schema(of: field) }
    var members: [String: JSONValue] = [
      "type": "object", "description": .string(record.summary), "properties": .object(properties),
      "additionalProperties": false,
    ]
    let required = record.fields.compactMap { field in
      if case .required = field.presence { JSONValue.string(field.key) } else { nil }
    }
    if !required.isEmpty { members["required"] = .array(required) }
    if !record.exactlyOne.isEmpty {
      members["oneOf"] = .array(record.exactlyOne.map { ["required": [.string($0)]] })
    }
    return .object(members)
  }

  private mutating func schema(of field: Field) -> JSONValue {
    var members = schema(of: field.shape).object ?? [:]
    members["description"] = .string(field.summary)
    if case .defaulted(let value) = field.presence { members["default"] = value }
    return .object(members)
  }

  mutating func schema(of shape: Shape) -> JSONValue {
    switch shape {
    case .text(let form): Self.schema(of: form)
    case .choice(let words): ["enum": .array(words.map(JSONValue.string))]
    case .integer(let range):
      range.count == 1
        ? ["const": .integer(range.lowerBound)]
        : ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
    case .boolean: ["type": "boolean"]
    case .duration: Self.duration
    case .size: Self.size
    case .command: Self.command
    case .reference: Self.schema(of: TextForm.line)
    case .list(let element, let rule): list(of: schema(of: element), rule)
    case .oneOrMany(let element): oneOrMany(schema(of: element))
    case .names(let element, _):
      [
        "type": "object", "additionalProperties": schema(of: element),
        "propertyNames": ["pattern": .string(Self.namePattern)],
      ]
    case .textMap: Self.textMap
    case .record(let record): reference(to: record)
    case .parameters: ["type": "object"]
    }
  }

  private func oneOrMany(_ element: JSONValue) -> JSONValue { ["anyOf": [element, list(of: element, .notEmpty)]] }

  private func list(of element: JSONValue, _ rule: ListRule) -> JSONValue {
    switch rule {
    case .ordered, .uniqueBy: ["type": "array", "items": element]
    case .unique: ["type": "array", "items": element, "uniqueItems": true]
    case .notEmpty: ["type": "array", "items": element, "minItems": 1]
    }
  }
}

extension JSONSchemaWriter {
  /// Scalars that are read as the text they are written as.
  private static let scalar: JSONValue = ["string", "number", "boolean"]
  static let duration: JSONValue = ["type": "string", "minLength": 2, "pattern": .string(durationPattern)]
  static let size: JSONValue = ["type": ["string", "number"], "pattern": .string(sizePattern), "minimum": 0]
  static let textMap: JSONValue = ["type": "object", "additionalProperties": ["type": scalar]]
  static let command: JSONValue = [
    "anyOf": [
      ["type": scalar, "minLength": 1],
      ["type": "array", "items": ["type": ["string", "number", "boolean", "null"]], "minItems": 1],
    ]
  ]

  private static func schema(of form: TextForm) -> JSONValue {
    switch form {
    case .anything, .line, .path: ["type": scalar, "minLength": 1]
    case .name: ["type": scalar, "pattern": .string(namePattern)]
    case .databaseURL: ["type": "string", "pattern": "^[Pp][Oo][Ss][Tt][Gg][Rr][Ee][Ss]([Qq][Ll])?://"]
    case .webURL: ["type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"]
    case .modes: ["type": "string", "pattern": "^[ugoa]*[-+=][rwxX]*(,[ugoa]*[-+=][rwxX]*)*$"]
    case .owner: ["type": "string", "pattern": "^[^:]+:[^:]+$"]
    }
  }
}

extension JSONSchemaWriter {
  /// The schema of a step, with what each definition takes.
  mutating func step(using signatures: [StepSignature]) -> JSONValue {
    var members = schema(of: ProcedureSchema.step).object ?? [:]
    var properties = members["properties"]?.object ?? [:]
    properties["uses"] = [
      "description": .string(ProcedureSchema.step.field("uses")?.summary ?? ""),
      "oneOf": .array(signatures.map { ["const": .string($0.uses), "description": .string($0.summary)] }),
    ]
    members["properties"] = .object(properties)
    members["allOf"] = .array(signatures.map(Self.condition))
    return .object(members)
  }

  /// If a step uses a definition, then its parameters are that definition's.
  private static func condition(_ signature: StepSignature) -> JSONValue {
    let parameters = signature.parameters.map { ($0.name, schema(of: $0.type)) }
    let required = signature.parameters.filter(\.isRequired).map { JSONValue.string($0.name) }
    let with: JSONValue = [
      "type": "object", "properties": .object(Dictionary(parameters, uniquingKeysWith: { first, _ in first })),
      "required": .array(required), "additionalProperties": false,
    ]
    var consequence: [String: JSONValue] = ["properties": ["with": with]]
    if !required.isEmpty { consequence["required"] = ["with"] }
    return [
      "if": ["properties": ["uses": ["const": .string(signature.uses)]], "required": ["uses"]],
      "then": .object(consequence),
    ]
  }

  private static func schema(of type: ParameterType) -> JSONValue {
    switch type {
    case .text: ["type": "string"]
    case .choice(let words): ["enum": .array(words.map(JSONValue.string))]
    case .integer: ["type": "integer"]
    case .boolean: ["type": "boolean"]
    case .duration: duration
    case .size: size
    case .command: command
    case .textList: ["type": "array", "items": ["type": "string"]]
    case .textMap: ["type": "object", "additionalProperties": ["type": "string"]]
    case .any: true
    }
  }
}
