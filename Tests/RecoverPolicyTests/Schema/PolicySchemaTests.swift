import RecoverBase
import RecoverCore
import RecoverTestSupport
import Testing

@testable import RecoverPolicy

@Suite("JSON Schema of policies")
struct PolicySchemaTests {
  static let steps = [
    StepSignature(uses: "shell", kind: .compensable, parameters: [.init("run", .command, required: true)]),
    StepSignature(uses: "look", kind: .readonly),
  ]

  /// The JSON that an editor sees in a YAML text.
  static func json(_ text: String) throws -> JSONValue {
    let (node, diagnostics) = YAMLDocument.parse(text, file: "f")
    try PolicyDiagnostics(diagnostics).throwIfAny()
    return freeform(try #require(node))
  }

  private static func freeform(_ node: YAMLNode) -> JSONValue {
    switch node.content {
    case .scalar(let text, let isPlain): isPlain ? PlainScalar.value(text) : .string(text)
    case .list(let nodes): .array(nodes.map(freeform))
    case .mapping(let entries):
      .object(Dictionary(entries.map { ($0.key, freeform($0.value)) }, uniquingKeysWith: { _, last in last }))
    case .refused: .null
    }
  }

  @Test("the shipped files pass", arguments: ["environment.example.yaml", "db.yaml", "undo.yaml"])
  func shipped(_ name: String) throws {
    let validator = JSONSchemaValidator(root: PolicySchema.document())
    #expect(try validator.errors(try Self.json(try ShippedPolicies.text(name))) == [])
  }

  @Test("every key that the schema knows is shown in the example", arguments: [EnvironmentSchema.root])
  func documented(_ root: Record) throws {
    let text = try ShippedPolicies.text("environment.example.yaml")
    var writer = JSONSchemaWriter()
    _ = writer.reference(to: root)
    for (name, definition) in writer.definitions {
      for key in (definition["properties"]?.object ?? [:]).keys {
        #expect(text.contains("\(key):"), "\(name).\(key) is not in environment.example.yaml")
      }
    }
  }

  @Test("the text is JSON that says what the document says")
  func text() throws {
    let text = try PolicySchema.text(steps: Self.steps)
    #expect(try JSONValue.decode(JSONValue.self, from: Array(text.utf8)) == PolicySchema.document(steps: Self.steps))
  }

  @Test(
    "what is wrong in structure fails the schema too",
    arguments: [
      "version: 2\nenvironment: staging", "version: 1\nenvironment: nowhere", "version: 1",
      "version: 1\nenvironment: staging\ndatabses: {}", "version: 1\nenvironment: staging\ntrees: {a: {}}",
      "version: 1\nenvironment: staging\nhealth: {a: {every: 1s}}",
      "version: 1\nenvironment: staging\nhealth: {a: {tcp: {host: h, port: 1}, command: {run: x}}}",
      "version: 1\nenvironment: staging\ntrees: {a: {path: x, keep-previous: 7}}",
      "version: 1\nenvironment: staging\ntrees: {a: {path: x, keep-previous: 1h1d}}",
      "version: 1\nenvironment: staging\ntrees: {a b: {path: x}}", "procedure: p\nsteps: []",
      "procedure: p\nsteps: [{id: a, uses: shel}]", "procedure: p\nsteps: [{id: a, uses: shell}]",
      "procedure: p\nsteps: [{id: a, uses: shell, with: {rnu: x}}]",
      "procedure: p\nsteps: [{id: a, uses: look, with: {run: x}}]",
    ])
  func refused(_ text: String) throws {
    let validator = JSONSchemaValidator(root: PolicySchema.document(steps: Self.steps))
    #expect(try !validator.errors(try Self.json(text)).isEmpty)
  }

  @Test("a procedure of known steps passes")
  func procedure() throws {
    let validator = JSONSchemaValidator(root: PolicySchema.document(steps: Self.steps))
    let text = "procedure: p\nsteps: [{id: a, uses: shell, with: {run: [ls]}}, {id: b, uses: look}]"
    #expect(try validator.errors(try Self.json(text)) == [])
  }
}
