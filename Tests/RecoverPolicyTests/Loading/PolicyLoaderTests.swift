import FoundationEssentials
import RecoverBase
import RecoverCore
import RecoverPolicy
import Testing

@Suite("Policy loader")
struct PolicyLoaderTests {
  static let environment = "version: 1\nenvironment: staging\nrepository: backups\n"
  static let procedure = "procedure: db\nsteps: [{id: only, uses: shell}]\n"

  @Test("with no directory the environment is unspecified and the built-in procedures are there")
  func nothing() throws {
    try TemporaryDirectory.with([:]) { path in
      let set = try PolicyLoader(directory: nil, currentDirectory: path, systemDirectory: "\(path)/system").load()
      #expect(set.policy == Policy() && set.environmentFile == nil)
      #expect(set.procedures["db"]?.source == .builtIn)
    }
  }

  @Test("./policies is used before the system's directory, and one that is named before both")
  func order() throws {
    let files = [
      "policies/environment.yaml": Self.environment, "system/environment.yaml": "version: 1\nenvironment: production\n",
      "other/environment.yml": "version: 1\nenvironment: development\n",
    ]
    try TemporaryDirectory.with(files) { path in
      func load(_ directory: String?, from current: String) throws -> PolicySet {
        try PolicyLoader(directory: directory, currentDirectory: current, systemDirectory: "\(path)/system").load()
      }
      let project = try load(nil, from: path)
      #expect(project.policy.environment == .staging && project.environmentFile == "policies/environment.yaml")
      #expect(try load(nil, from: "\(path)/other").policy.environment == .production)
      #expect(try load("other/", from: path).policy.environment == .development)
      #expect(try load("../other", from: "\(path)/policies").environmentFile == "../other/environment.yml")
    }
  }

  @Test("paths start beside the real directory, wherever the command runs")
  func root() throws {
    try TemporaryDirectory.with(["real/policies/environment.yaml": Self.environment]) { path in
      try FileManager.default.createSymbolicLink(atPath: "\(path)/link", withDestinationPath: "\(path)/real/policies")
      let set = try PolicyLoader(directory: "\(path)/link", currentDirectory: "/").load()
      #expect(set.policy.repository?.hasSuffix("/real/backups") == true)
    }
  }

  @Test("a procedure of the directory replaces the built-in one of its name and joins the others")
  func replaced() throws {
    let files = ["x.yaml": Self.procedure, "y.yml": Self.procedure.replacing("db", with: "mine")]
    try TemporaryDirectory.with(files) { path in
      let set = try PolicyLoader(directory: path, currentDirectory: "/").load()
      let builtIn = try BuiltInProcedures.load().keys
      #expect(Set(set.procedures.keys) == Set(builtIn).union(["mine"]))
      #expect(set.procedures["db"]?.source == .file("\(path)/x.yaml"))
      #expect(try set.procedure(named: "db").steps.map(\.id) == ["only"])
      let unknown = #expect(throws: RecoverError.self) { try set.procedure(named: "mien") }
      #expect(unknown?.hint == "did you mean `mine`?")
    }
  }

  @Test("examples, hidden files, directories and other files are not read")
  func ignored() throws {
    let broken = "nonsense"
    let files = [
      "environment.example.yaml": broken, ".hidden.yaml": broken, "README.md": broken, "staging/db.yaml": broken,
      "dir.yaml/x": broken,
    ]
    try TemporaryDirectory.with(files) { path in
      let set = try PolicyLoader(directory: path, currentDirectory: "/").load()
      #expect(set.environmentFile == nil)
      #expect(set.procedures["db"]?.source == .builtIn)
    }
  }

  @Test("every error of every file is reported at once")
  func errors() throws {
    let files = [
      "environment.yaml": "version: 1\nenvironment: nowhere\n", "environment.yml": Self.environment,
      "a.yaml": Self.procedure, "b.yaml": Self.procedure, "pod.yaml": "kind: Pod\n",
    ]
    try TemporaryDirectory.with(files) { path in
      let error = try #require(throws: RecoverError.self) {
        try PolicyLoader(directory: path, currentDirectory: "/").load()
      }
      let found = (error.underlying as? PolicyDiagnostics)?.entries ?? []
      #expect(
        found.map { "\($0.description.dropFirst(path.count + 1))" } == [
          "b.yaml:1:1: a second procedure `db` beside that of a.yaml",
          "environment.yaml:2:14: `environment` must be one of `production`, `staging`, `development`",
          "environment.yml:1:1: a second environment file beside environment.yaml",
          "pod.yaml:1:1: the file is no procedure: it has neither `procedure` nor `steps`",
        ])
    }
  }

  @Test("a directory that is not there, and a file that is no text, are refused")
  func unreadable() throws {
    let missing = #expect(throws: RecoverError.self) {
      try PolicyLoader(directory: "nowhere", currentDirectory: "/tmp").load()
    }
    #expect(missing?.code == .usage && missing?.message == "nowhere is no directory of policies")
    try TemporaryDirectory.with([:]) { path in
      try Data([0x61, 0xFF, 0x62]).write(to: URL(filePath: "\(path)/a.yaml"))
      let error = #expect(throws: RecoverError.self) {
        try PolicyLoader(directory: path, currentDirectory: "/").load()
      }
      #expect(error?.message == "\(path)/a.yaml:1:1: the file is not UTF-8 text")
    }
  }

  @Test("lint speaks for every procedure of the set")
  func lint() throws {
    let set = try PolicyLoader(directory: nil, currentDirectory: "/nowhere", systemDirectory: "/nowhere").load()
    let found = set.lint(known: [StepSignature(uses: "database.lod", kind: .compensable)])
    #expect(found.entries.count == set.procedures.values.map(\.procedure.steps.count).reduce(0, +))
    #expect(found.entries.contains { $0.hint == "did you mean `database.lod`?" })
  }
}
