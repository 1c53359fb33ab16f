internal import RecoverBase
internal import RecoverCore

/// The keys of a procedure file.
enum ProcedureSchema {
  static let root = Record(
    name: "procedure", summary: "Named steps, in the order in which they run.",
    fields: [
      Field("version", .integer(EnvironmentSchema.version...EnvironmentSchema.version), .optional, "1."),
      Field("procedure", .text(.name), .required, "The name that `recover run` and `recover drill` take."),
      Field("description", .text(.anything), .optional, "One sentence for people."),
      Field("steps", .list(.record(step), .notEmpty), .required, "The steps."),
    ])

  static let step = Record(
    name: "step", summary: "One step.",
    fields: [
      Field("id", .text(.name), .required, "Its name, unique in the procedure."),
      Field("uses", .text(.line), .required, "Which kind of step it is."),
      Field("with", .parameters, .defaulted([:]), "What that kind of step takes."),
      Field("retry", .record(retry), .optional, "How often it is tried."),
      Field("timeout", .duration(minimum: .milliseconds(1)), .optional, "How long one attempt may take."),
      Field("deadline", .duration(minimum: .milliseconds(1)), .optional, "How long all attempts may take."),
      Field(
        "on-exhausted", .choice(ProcedureStep.OnExhausted.allCases.map(\.rawValue)),
        .defaulted(.string(ProcedureStep.OnExhausted.fail.rawValue)),
        "Whether the run fails or pauses when the last attempt has failed."),
    ])

  static let retry = Record(
    name: "retry", summary: "Exponential backoff with full jitter.",
    fields: [
      Field("attempts", .integer(1...1000), .defaulted(.integer(Int64(standard.attempts))), "How many in all."),
      Field(
        "backoff", .duration(minimum: .zero), .defaulted(standard.backoff),
        "The most that is waited after the first attempt; it doubles with each one."),
      Field(
        "max-backoff", .duration(minimum: .zero), .defaulted(standard.maxBackoff), "What the wait never exceeds."),
      Field("jitter", .boolean, .defaulted(.bool(standard.jitter)), "Whether waits are drawn at random."),
    ])

  private static let standard = RetryPolicy()
}
