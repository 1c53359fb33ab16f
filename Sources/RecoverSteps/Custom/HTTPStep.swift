internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `http`: asks a URL and checks status and content; changes nothing.
struct HTTPStep: Step {
  private let probe: HTTPProbe
  private let timeout: Duration

  var isInterruptible: Bool { true }

  init(_ planned: PlannedStep) throws {
    guard let url = planned.with["url"]?.string else {
      throw RecoverError(.policyInvalid, "step \(planned.id) (http) needs the parameter url")
    }
    probe = HTTPProbe(
      url: url, statuses: [Int(planned.with["status"]?.integer ?? 200)], contains: planned.with["contains"]?.string,
      headers: planned.with["headers"]?.object?.compactMapValues(\.string) ?? [:])
    timeout = planned.timeout ?? .seconds(60)
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    if let reason = await probe.check(.after(timeout)).reason {
      throw RecoverError(.checkFailed, "step \(context.step.id): \(probe.url): \(reason)")
    }
    return ["url": .string(probe.url)]
  }
}
