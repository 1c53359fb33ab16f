internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

extension ChildContext {
  /// The context of a step's children: logged into the step's file, journaled before they run.
  ///
  /// Questions are not journaled: what they leave behind acts on nothing.
  init(_ context: StepContext) {
    let reporter = context.reporter
    self.init(run: context.run.text, epoch: context.epoch, logFile: context.logFile) { child in
      guard child.kind != .probe else { return }
      try await reporter.childStarted(try JSONValue(encoding: child))
    }
  }
}

extension StepContext {
  /// Makes the run's directory, for logs and spooled files.
  func makeDirectory() throws { try RunDirectory.make(directory) }
}
