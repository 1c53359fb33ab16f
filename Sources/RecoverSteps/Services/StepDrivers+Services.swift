internal import HostKit
internal import RecoverBase
internal import RecoverCore

extension StepDrivers {
  /// What drives a service.
  func service(_ service: NamedService) -> any ServiceDriver {
    let policy = service.policy
    let limits = ServiceLimits(start: policy.startTimeout, stop: policy.stopTimeout, status: policy.statusTimeout)
    switch policy.control {
    case .command(let control):
      func command(_ invocation: Invocation) -> Command {
        Command(
          invocation.argumentVector, environment: control.environment, directory: control.workingDirectory)
      }
      return CommandService(
        name: service.name, start: command(control.start), stop: command(control.stop),
        status: command(control.status), limits: limits)
    case .systemd(let control):
      return SystemdService(name: service.name, unit: control.unit, isOfUser: control.user, limits: limits)
    case .process(let control):
      return ProcessService(
        name: service.name,
        command: Command(
          control.run.argumentVector, environment: control.environment, directory: control.workingDirectory),
        pidFile: control.pidFile, logFile: control.logFile, limits: limits)
    case .compose(let control):
      return ComposeService(
        name: service.name, project: ComposeProject(files: control.files, name: control.project),
        service: control.service, orders: Self.orders(control), locator: compose, limits: limits)
    }
  }

  private static func orders(_ control: ServicePolicy.ComposeControl) -> ComposeOrders {
    let start: ComposeOrders.Start =
      switch control.start {
      case .start: .start
      case .up: .up
      case .recreate: .recreate
      }
    let stop: ComposeOrders.Stop =
      switch control.stop {
      case .stop: .stop
      case .down: .down
      }
    return ComposeOrders(start: start, stop: stop, scale: control.scale)
  }
}
