internal import FoundationEssentials

/// The environment of a child, and how a child is recognised by it (environ in proc(5)).
enum ChildEnvironment {
  static let run = "RECOVER_RUN"
  static let epoch = "RECOVER_EPOCH"
  /// The child's kind and a number of its own, as in `build-90fb26f1c4a0e5d7`; what it starts inherits it.
  static let child = "RECOVER_CHILD"

  /// This process's environment, with the command's and the marks over it.
  static func make(for command: Command, in context: ChildContext, mark: String) -> [String: String] {
    var environment = base(of: command)
    environment[run] = context.run
    environment[epoch] = String(context.epoch)
    environment[child] = mark
    return environment
  }

  /// The same for a child of no run: whatever run this process belongs to, it belongs to as well.
  static func make(for command: Command, mark: String) -> [String: String] {
    var environment = base(of: command)
    environment[child] = mark
    return environment
  }

  private static func base(of command: Command) -> [String: String] {
    inherited.filter { !command.withoutVariables.contains($0.key) }.merging(command.environment) { _, new in new }
  }

  /// The environment that this process has.
  static var inherited: [String: String] { ProcessInfo.processInfo.environment }

  /// A mark that no other child of any run has.
  static func newMark(_ kind: ChildKind) -> String {
    "\(kind.rawValue)-\(String(UInt64.random(in: .min ... .max), radix: 16))"
  }

  /// The marks of one process.
  struct Marks: Hashable {
    var run: String?
    var child: String?

    /// Whether the start of a service, or what it left running, has them.
    var isOfService: Bool { child?.hasPrefix("\(ChildKind.service.rawValue)-") == true }
  }

  /// The marks in the content of `/proc/PID/environ`.
  static func marks(in content: [UInt8]) -> Marks {
    var marks = Marks()
    for entry in content.split(separator: 0) where entry.starts(with: "RECOVER_".utf8) {
      let text = String(decoding: entry, as: UTF8.self)
      guard let equals = text.firstIndex(of: "=") else { continue }
      let value = String(text[text.index(after: equals)...])
      switch text[..<equals] {
      case run[...]: marks.run = value
      case child[...]: marks.child = value
      default: continue
      }
    }
    return marks
  }
}
