internal import FoundationEssentials
internal import RecoverBase

/// One container of a Compose project, as far as the state of its service depends on it.
struct ComposeContainer: Hashable {
  var service: String
  /// The engine's word: created, running, paused, restarting, removing, exited, dead; podman has a few more.
  var status: String
  var exitCode: Int
  /// What the container's own check says; empty without one.
  var health: String
  /// Whether `run` made it, and not `up`: a command that somebody ran once, and no part of the service.
  var isOneOff: Bool
  /// The project's name, by the container's label; empty where it was not asked.
  var project = ""
}

// MARK: - ps --format json

extension ComposeContainer {
  /// Reads what `ps --format json` of Compose 2 prints: an array before 2.21.0, from then on an object a line.
  ///
  /// - Throws: ``RecoverError`` `checkFailed` when it is neither.
  static func parse(psJSON bytes: [UInt8]) throws -> [ComposeContainer] {
    let start = bytes.first { !isBlank($0) }
    do {
      if start == UInt8(ascii: "[") {
        return try JSONValue.decode([PsEntry].self, from: bytes).map(\.container)
      }
      return try lines(of: bytes).map { try JSONValue.decode(PsEntry.self, from: $0).container }
    } catch {
      throw unreadable("ps --format json", error)
    }
  }

  private struct PsEntry: Decodable {
    let name: String?
    let service: String
    let state: String
    let health: String?
    let exitCode: Int?
    /// From 2.21.0 on: `key=value,key=value`.
    let labels: String?

    enum CodingKeys: String, CodingKey {
      case name = "Name"
      case service = "Service"
      case state = "State"
      case health = "Health"
      case exitCode = "ExitCode"
      case labels = "Labels"
    }

    var container: ComposeContainer {
      // Before the labels were printed, only the name tells: PROJECT-SERVICE-run-0123456789ab.
      let isOneOff =
        labels?.split(separator: ",").contains("com.docker.compose.oneoff=True")
        ?? (name?.contains("-\(service)-run-") == true)
      return ComposeContainer(
        service: service, status: state.lowercased(), exitCode: exitCode ?? 0, health: health ?? "",
        isOneOff: isOneOff)
    }
  }
}

// MARK: - ps -q and inspect

extension ComposeContainer {
  /// The labels by which Compose itself knows a project's containers and those of a service.
  static let projectLabel = "com.docker.compose.project"
  static let serviceLabel = "com.docker.compose.service"

  /// The template for `inspect --format`: an array of the state and the labels, a line for each container.
  static let inspectTemplate = "[{{json .State}},{{json .Config.Labels}}]"

  /// Reads the ids that `ps -q` prints, one a line.
  ///
  /// - Throws: ``RecoverError`` `checkFailed` when a line is none.
  static func parse(ids bytes: [UInt8]) throws -> [String] {
    try lines(of: bytes).map { line in
      let id = String(decoding: line, as: UTF8.self)
      guard id.utf8.count >= 12, id.allSatisfy(\.isHexDigit) else {
        throw RecoverError(.checkFailed, "compose ps -q printed what is no container's id: \(id.prefix(60))")
      }
      return id
    }
  }

  /// Reads what `inspect --format` with ``inspectTemplate`` prints.
  ///
  /// - Throws: ``RecoverError`` `checkFailed` when it is something else.
  static func parse(inspect bytes: [UInt8]) throws -> [ComposeContainer] {
    do {
      return try lines(of: bytes).map { line in
        let pair = try JSONValue.decode([JSONValue].self, from: line)
        guard pair.count == 2, let status = pair[0]["Status"]?.string else {
          throw RecoverError(.checkFailed, "a container without a status")
        }
        let health = pair[0]["Health"] ?? pair[0]["Healthcheck"]
        return ComposeContainer(
          service: pair[1][serviceLabel]?.string ?? "", status: status.lowercased(),
          exitCode: Int(pair[0]["ExitCode"]?.integer ?? 0), health: health?["Status"]?.string ?? "",
          isOneOff: pair[1]["com.docker.compose.oneoff"]?.string == "True",
          project: pair[1][projectLabel]?.string ?? "")
      }
    } catch {
      throw unreadable("inspect", error)
    }
  }

  private static func lines(of bytes: [UInt8]) -> [[UInt8]] {
    let lines = bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    return lines.filter { !$0.allSatisfy(isBlank) }.map(Array.init)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private static func unreadable(_ what: String, _ error: any Error) -> RecoverError {
    RecoverError(
      .checkFailed, "can't read what `\(what)` of Compose printed",
      hint: "tell us the version of Compose; until then give the service as commands", underlying: error)
  }
}

// MARK: - The state of a service

extension ComposeContainer {
  /// What the containers of a service, without one-offs, say of it.
  ///
  /// All of them have to agree: a service of which a part runs is `partial`, neither up nor down. The
  /// container's own check is told and decides nothing: whether a service works is for the health checks.
  ///
  /// - Parameter scale: how many there have to be; nil for any number.
  static func state(of containers: [ComposeContainer], scale: Int? = nil) -> ServiceState {
    guard !containers.isEmpty else { return ServiceState(.stopped, noContainer) }
    let details = Set(containers.map(\.detail)).sorted().joined(separator: ", ")
    let detail = containers.count == 1 ? details : "\(containers.count) containers: \(details)"
    let phases = Set(containers.map(\.phase))
    if let scale, containers.count < scale, phases.isSubset(of: [.running, .starting]) {
      return ServiceState(.partial, "\(detail), and not \(scale)")
    }
    if phases.count == 1, let phase = phases.first { return ServiceState(phase, detail) }
    if phases.isSubset(of: [.stopped, .failed]) { return ServiceState(.failed, detail) }
    if phases.isSubset(of: [.running, .starting]) { return ServiceState(.starting, detail) }
    return ServiceState(phases.contains(.unknown) ? .unknown : .partial, detail)
  }

  /// The detail of a service that has no container at all: `start` then has nothing to start.
  static let noContainer = "no container"

  private var phase: ServiceState.Phase {
    switch status {
    case "running": .running
    case "restarting", "initialized": .starting
    case "created", "configured": .stopped
    // 137 and 143 are how `stop` ends what does not end by itself: SIGKILL and SIGTERM.
    case "exited", "stopped": [0, 137, 143].contains(exitCode) ? .stopped : .failed
    case "dead": .failed
    default: .unknown
    }
  }

  private var detail: String {
    switch status {
    case "exited", "stopped", "dead": "\(status) with \(exitCode)"
    default: health.isEmpty || health == "none" ? status : "\(status), \(health)"
    }
  }
}
