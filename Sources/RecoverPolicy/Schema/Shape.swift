internal import RecoverBase

/// What a value in a policy file may look like.
///
/// One description serves the reader, the JSON Schema and the renderer, so that they can't drift apart.
indirect enum Shape: Sendable {
  case text(TextForm)
  /// One of a few words.
  case choice([String])
  case integer(ClosedRange<Int64>)
  case boolean
  /// Text such as `1h30m`, at least this long.
  case duration(minimum: Duration)
  /// Text such as `20 GB`, or a number of bytes.
  case size
  /// A line for the shell, or a list of arguments.
  case command
  /// The name of something that the same file defines.
  case reference(Namespace)
  case list(Shape, ListRule)
  /// One value, or a list of at least one; a list once it is read.
  case oneOrMany(Shape)
  /// Names of the user's choosing; those of a namespace can be referred to.
  case names(Shape, Namespace?)
  /// Texts under names of the user's choosing: headers, an environment.
  case textMap
  case record(Record)
  /// The parameters of a step: names, each with any value.
  case parameters
}

/// What a text must be.
enum TextForm: Sendable {
  /// Anything but nothing; may have several lines.
  case anything
  /// Anything on one line.
  case line
  /// A name: a letter, digit or `_`, then up to 62 of these, `.` or `-`.
  case name
  /// A path; absolute once it is read.
  case path
  /// A PostgreSQL connection URI without a password.
  case databaseURL
  /// A URL of HTTP without a password.
  case webURL
  /// A user and a group, as names or numbers: `1000:1000`.
  case owner
  /// A change of modes as chmod(1) has it, in letters: `u=rwX,g=rX,o=`.
  case modes
}

/// What holds for a list as a whole.
enum ListRule: Sendable {
  case ordered
  /// No entry twice.
  case unique
  /// No two entries with the same text at a key.
  case uniqueBy(String)
  case notEmpty
}

/// The kinds of things that a policy file defines by name.
enum Namespace: String, Sendable {
  case databases, services, health

  /// What one of them is called in a message.
  var singular: String {
    switch self {
    case .databases: "database"
    case .services: "service"
    case .health: "health check"
    }
  }
}

/// A mapping with known keys.
struct Record: Sendable {
  /// Its name in the JSON Schema.
  var name: String
  var summary: String
  var fields: [Field]
  /// Of these keys exactly one has to be there; no rule when empty.
  var exactlyOne: [String] = []
  /// Judges a record that was read: a key and what is wrong with it.
  var rule: (@Sendable ([String: JSONValue]) -> RuleViolation?)?

  func field(_ key: String) -> Field? { fields.first { $0.key == key } }
}

/// What a record's rule found.
struct RuleViolation: Sendable {
  var key: String
  var message: String
  var hint: String?
}

/// One key of a record.
struct Field: Sendable {
  var key: String
  var shape: Shape
  var presence: Presence
  /// One sentence for editors and documentation.
  var summary: String

  init(_ key: String, _ shape: Shape, _ presence: Presence = .optional, _ summary: String) {
    self.key = key
    self.shape = shape
    self.presence = presence
    self.summary = summary
  }
}

/// Whether a key has to be there, and what counts when it is not.
enum Presence: Sendable {
  case required
  case optional
  case defaulted(JSONValue)
  /// The directory that relative paths start from.
  case root

  /// A default that is a duration.
  static func defaulted(_ duration: Duration) -> Presence { .defaulted(.string(duration.text)) }
}
