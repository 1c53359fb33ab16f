/// The fields of `/proc/PID/stat` that tell processes apart and group them (proc(5)).
struct ProcessStat: Hashable {
  var pid: Int32
  /// The program's name, at most 15 bytes; it may hold any character, brackets and newlines too.
  var name: String
  /// One letter: R, S, D, T, Z and so on.
  var state: UInt8
  var parent: Int32
  var session: Int32
  var threads: Int
  /// Clock ticks from boot to the start of the process; execve(2) leaves it as it is.
  var startTime: UInt64

  /// Reads one line; nil unless it has all the fields.
  ///
  /// The name ends at the *last* bracket: it is the only field that can hold one.
  init?(parsing bytes: [UInt8]) {
    guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
      open < close
    else { return nil }
    // Field 3 of proc(5) is the first one after the name.
    let fields = bytes[(close + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    guard fields.count >= 20, let letter = fields[0].first, fields[0].count == 1,
      let pid = Self.number(bytes[..<open].prefix { $0 != UInt8(ascii: " ") }, as: Int32.self),
      let parent = Self.number(fields[1], as: Int32.self), let session = Self.number(fields[3], as: Int32.self),
      let threads = Self.number(fields[17], as: Int.self), let startTime = Self.number(fields[19], as: UInt64.self)
    else { return nil }
    self.pid = pid
    name = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
    state = letter
    self.parent = parent
    self.session = session
    self.threads = threads
    self.startTime = startTime
  }

  /// The process as it is now; nil when there is none that can be seen.
  static func read(_ pid: Int32) -> ProcessStat? {
    guard case .content(let bytes) = ProcFile.read("/proc/\(pid)/stat") else { return nil }
    return ProcessStat(parsing: bytes)
  }

  /// Whether it can't act any more: a zombie, all of whose threads have ended.
  ///
  /// The first thread of a process may end before the others; the process is then shown as a zombie and goes
  /// on all the same.
  var isGone: Bool { (state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")) && threads <= 1 }

  private static func number<Value: FixedWidthInteger>(_ digits: ArraySlice<UInt8>, as type: Value.Type) -> Value? {
    Value(String(decoding: digits, as: UTF8.self))
  }
}
