import RecoverBase
import RecoverCore
import RecoverPolicy
import Testing

@Suite("Policy renderer")
struct PolicyRendererTests {
  @Test("a policy is shown in the order of the schema, with defaults marked")
  func shown() throws {
    var policy = Policy(environment: .staging)
    policy.trees["data"] = TreePolicy(path: "/data", owner: "1000:1000", keepFailed: .seconds(60))
    policy.health["db"] = HealthPolicy(probe: .command(.init(run: .shell("a\nb"), workingDirectory: "/srv")))
    #expect(
      try PolicyRenderer.text(of: policy) == """
        version: 1
        environment: staging
        databases: {}  # default
        trees:
          data:
            path: /data
            owner: "1000:1000"
            services: []  # default
            health: []  # default
            keep-previous: 7d  # default
            keep-failed: 1m
        deployments: {}  # default
        services: {}  # default
        health:
          db:
            command:
              run: |-
                a
                b
              working-directory: /srv
              environment: {}  # default
              timeout: 5s  # default
            every: 1s  # default
            within: 1m  # default
            passes: 1  # default

        """)
  }

  @Test("each part says where it comes from, and reads back")
  func origins() throws {
    let own = Procedure(
      name: "mine",
      steps: [ProcedureStep(id: "a", uses: "shell", with: ["run": "echo: 1", "count": 2], timeout: .seconds(5))])
    let set = PolicySet(
      policy: Policy(environment: .staging), environmentFile: "policies/environment.yaml",
      procedures: [
        "mine": SourcedProcedure(procedure: own, source: .file("policies/mine.yaml")),
        "db": SourcedProcedure(procedure: try #require(try BuiltInProcedures.load()["db"]), source: .builtIn),
      ])
    let parts = try PolicyRenderer.text(of: set).split(separator: "---\n").map(String.init)
    #expect(
      parts.map { $0.prefix { $0 != "\n" } } == [
        "# environment, from policies/environment.yaml", "# procedure, built in",
        "# procedure, from policies/mine.yaml",
      ])
    #expect(try PolicyParser.environment(parts[0], file: "f", directory: "/") == set.policy)
    var read = try PolicyParser.procedure(parts[2], file: "f")
    read.steps[0].places = StepPlaces()
    #expect(read == own)
    #expect(
      parts[2] == """
        # procedure, from policies/mine.yaml
        procedure: mine
        steps:
          - id: a
            uses: shell
            with:
              count: 2
              run: "echo: 1"
            timeout: 5s

        """)
  }

  @Test("without an environment file that is said")
  func none() throws {
    let set = PolicySet(policy: Policy(), environmentFile: nil, procedures: [:])
    #expect(try PolicyRenderer.text(of: set) == "# no environment file: the environment is unspecified\n")
  }
}
