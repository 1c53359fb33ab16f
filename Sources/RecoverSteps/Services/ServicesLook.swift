internal import Glibc
internal import HostKit
internal import RecoverBase
package import RecoverCore

/// How a service is.
package struct ServiceOutcome: Sendable, Hashable {
  package var name: String
  /// What drives it, as the policy has it: `compose`, `systemd`, `process`, `command`.
  package var kind: String
  /// `running`, `starting`, `stopped`, `failed`, `partial` or `unknown`.
  package var state: String
  /// What was seen, for people.
  package var detail: String
  /// What it logged last, oldest first; empty where nobody asked, or nobody knows where it logs.
  package var log: [String]

  package var isRunning: Bool { state == ServiceState.Phase.running.rawValue }
}

/// Looks at the services of a policy, outside of any run; changes nothing.
package struct ServicesLook: Sendable {
  private let services: [NamedService]
  private let drivers: StepDrivers
  private let logFile: String

  /// - Parameters:
  ///   - names: which; all of the policy where empty.
  ///   - logFile: what the commands print goes there.
  /// - Throws: ``RecoverError`` `usage` for a name that the policy does not have.
  package init(_ names: [String], in policy: Policy, drivers: StepDrivers, logFile: String) throws {
    let wanted = names.isEmpty ? policy.services.keys.sorted() : names
    services = try wanted.map { NamedService(name: $0, policy: try policy.service(named: $0)) }
    self.drivers = drivers
    self.logFile = logFile
  }

  /// Looks at all of them, one after the other: they share programs that are slow beside each other.
  ///
  /// - Parameter logLines: how many lines of each log are wanted.
  /// - Throws: ``RecoverError`` `policyInvalid` for a service that Compose or systemd does not know; `interrupted`.
  package func look(logLines: Int) async throws -> [ServiceOutcome] {
    var outcomes: [ServiceOutcome] = []
    for service in services {
      let driver = drivers.service(service)
      let state = try await driver.status(in: context(logFile))
      outcomes.append(
        ServiceOutcome(
          name: service.name, kind: Self.kind(service.policy), state: state.phase.rawValue, detail: state.detail,
          log: await log(of: driver, lines: logLines)))
    }
    return outcomes
  }

  private func log(of driver: any ServiceDriver, lines: Int) async -> [String] {
    guard lines > 0 else { return [] }
    let path = "\(logFile).service"
    defer { unsafe unlink(path) }
    await driver.copyLog(lines: lines, in: context(path), deadline: .after(driver.limits.status))
    guard let bytes = try? FileSource.bytes(of: path, at: 0, count: Self.logBytes) else { return [] }
    let text = SecretMask.masked(String(decoding: bytes, as: UTF8.self))
    return text.split(whereSeparator: \.isNewline).suffix(lines).map(String.init)
  }

  private static let logBytes = 4 << 20

  private func context(_ logFile: String) -> ChildContext {
    ChildContext(run: "services", epoch: 0, logFile: logFile) { _ in }
  }

  private static func kind(_ policy: ServicePolicy) -> String {
    switch policy.control {
    case .command: "command"
    case .compose: "compose"
    case .systemd: "systemd"
    case .process: "process"
    }
  }
}
