package import RecoverBase

/// The Compose that is installed, and how it tells what runs.
package struct ComposeTool: Sendable, Hashable {
  /// The program and the words that always follow it.
  package var command: [String]
  package var form: StatusForm

  package enum StatusForm: Sendable, Hashable {
    /// `ps --format json`, from 2.0 on.
    case json
    /// `ps -q`, and then this engine's `inspect`: Compose 1.29 and podman-compose have nothing better.
    case inspect(engine: String)
  }

  package init(command: [String], form: StatusForm) {
    self.command = command
    self.form = form
  }

  /// What is looked for, in this order.
  static let candidates = [["docker", "compose"], ["docker-compose"], ["podman-compose"]]

  /// The first Compose that is there and works: it has to say its version.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` when none does, `interrupted`, what `context.onStart`
  ///   throws.
  package static func find(
    environment: [String: String] = [:], in context: ChildContext, deadline: Deadline
  ) async throws -> ComposeTool {
    var tried: [String] = []
    for words in candidates {
      let name = words.joined(separator: " ")
      let isPodman = words == ["podman-compose"]
      let version = Command(words + (isPodman ? ["version"] : ["version", "--short"]), environment: environment)
      do {
        let result = try await ChildProcess.run(
          version, kind: .probe, in: context, deadline: deadline, outputBytes: 4096)
        if result.ending == .interrupted { throw RecoverError(.interrupted, "stopped while looking for Compose") }
        if result.ending == .exited(0) {
          let text = String(decoding: result.output, as: UTF8.self)
          return ComposeTool(command: words, form: isPodman ? .inspect(engine: "podman") : form(ofVersion: text))
        }
        tried.append("\(name): \(result.summary)")
      } catch let error as RecoverError where error.code == .unreachable {
        tried.append("\(name): not installed")
      }
    }
    throw RecoverError(
      .missingRequirement, "no Compose works here (\(tried.joined(separator: "; ")))",
      hint: "install docker-compose or the Compose plugin of docker, or give the service as commands")
  }

  /// How a version says what runs; an unreadable one counts as new.
  static func form(ofVersion text: String) -> StatusForm {
    let digits = text.drop { !$0.isNumber }.prefix { $0.isNumber }
    return digits == "1" ? .inspect(engine: "docker") : .json
  }
}

/// Finds Compose once for all the services that use it.
package actor ComposeLocator {
  private var found: ComposeTool?
  private var labels: [ComposeProject: String] = [:]
  private let environment: [String: String]

  /// - Parameter environment: over this process's; the one in which the services' commands run.
  package init(environment: [String: String] = [:]) { self.environment = environment }

  /// The name of a project as its containers have it; nil where none was seen yet.
  func label(of project: ComposeProject) -> String? { labels[project] }

  func remember(_ label: String, of project: ComposeProject) { labels[project] = label }

  /// The Compose that is installed, looked for at the first call that finds one.
  ///
  /// - Throws: as ``ComposeTool/find(environment:in:deadline:)``.
  package func tool(in context: ChildContext, deadline: Deadline) async throws -> ComposeTool {
    if let found { return found }
    let tool = try await ComposeTool.find(environment: environment, in: context, deadline: deadline)
    found = tool
    return tool
  }
}
