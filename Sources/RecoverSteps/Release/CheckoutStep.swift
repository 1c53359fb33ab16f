internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `release.checkout`: checks the release out, in the work tree or in a directory of its own.
struct CheckoutStep: Step {
  func probe(_ context: StepContext) async throws -> ProbeResult { try await ReleaseWork(context).place.probe() }

  func perform(_ context: StepContext) async throws -> JSONValue { try await checkOut(context, isRepair: false) }

  func repair(_ context: StepContext) async throws -> JSONValue { try await checkOut(context, isRepair: true) }

  private func checkOut(_ context: StepContext, isRepair: Bool) async throws -> JSONValue {
    let work = try ReleaseWork(context)
    var evidence = try await work.place.checkOut(isRepair: isRepair).evidence
    let release = work.bindings.release
    evidence["checkedOut"] = .string(
      work.bindings.releases == nil ? release.short : work.bindings.directory(of: release))
    return .object(evidence)
  }

  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict {
    try await ReleaseWork(context).place.verify()
  }

  func undo(_ context: StepContext) async throws -> JSONValue {
    let work = try ReleaseWork(context, isUndo: true)
    return .object(try await work.place.goBack())
  }
}
