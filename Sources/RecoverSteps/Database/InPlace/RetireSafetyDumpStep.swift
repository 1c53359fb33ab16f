internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `database.retire-safety-dump`: writes down until when the safety dump is kept; `recover cleanup` deletes it then.
struct RetireSafetyDumpStep: Step {
  let drivers: StepDrivers

  func guardReason(_ context: StepContext) async throws -> String? {
    try context.bindings(DatabaseBindings.self).inPlace == nil ? "the run is not in place" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    guard let dump = try SafetyDump.read(in: context.directory), dump.retainUntil != nil else { return .notDone }
    return .done(try evidence(dump))
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    guard let dump = try SafetyDump.read(in: context.directory) else {
      throw RecoverError(
        .stepFailed, "the record of the safety dump is not in \(context.directory) any more",
        hint: "somebody deleted it; the dump itself may still be where the plan says")
    }
    let keepFor = try context.bindings(DatabaseBindings.self).keepPrevious
    return try evidence(try dump.retained(for: keepFor, in: context.directory))
  }

  private func evidence(_ dump: SafetyDump) throws -> JSONValue {
    ["safetyDump": .string(dump.file.path), "kept until": .string(dump.retainUntil?.description ?? "")]
  }
}
