/// One pattern of what a backup leaves out, as gitignore(5) has them, over bytes.
///
/// `*` and `?` stand for anything but slashes, `[a-z]` and `[!a-z]` for one byte, `**` for any number of directories.
/// With a slash in front or in its middle the pattern is meant from where it was written; without one it is meant for a
/// name anywhere below. With a slash at its end it is meant for directories. `!` takes an earlier exclusion back.
package struct IgnorePattern: Sendable, Hashable {
  /// As it was written.
  package let text: [UInt8]
  let isNegated: Bool
  private let isForDirectories: Bool
  /// The parts between slashes; `**` is one of its own.
  private let parts: [[UInt8]]
  private let isAnchored: Bool

  /// Reads a line.
  ///
  /// - Returns: nil for an empty line and for a comment.
  package init?(_ line: [UInt8]) {
    var rest = line[...]
    if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
    // A blank at the end counts only behind a backslash.
    while rest.last == UInt8(ascii: " "), rest.dropLast().last != UInt8(ascii: "\\") { rest.removeLast() }
    guard let first = rest.first, first != UInt8(ascii: "#") else { return nil }
    text = Array(rest)
    isNegated = first == UInt8(ascii: "!")
    if isNegated { rest.removeFirst() }
    isForDirectories = rest.last == UInt8(ascii: "/")
    if isForDirectories { rest.removeLast() }
    isAnchored = rest.contains(UInt8(ascii: "/"))
    if rest.first == UInt8(ascii: "/") { rest.removeFirst() }
    parts = rest.split(separator: UInt8(ascii: "/")).map(Array.init)
    if parts.isEmpty { return nil }
  }

  /// The patterns of a file, line by line.
  static func all(_ content: [UInt8]) -> [IgnorePattern] {
    content.split(separator: UInt8(ascii: "\n")).compactMap { IgnorePattern(Array($0)) }
  }

  /// Whether it is meant for a path below the directory in which it was written.
  func matches(_ path: [ArraySlice<UInt8>], isDirectory: Bool) -> Bool {
    if isForDirectories, !isDirectory { return false }
    guard isAnchored else { return path.last.map { Self.matches(parts[0][...], $0) } ?? false }
    return Self.matches(parts[...], path[...])
  }

  private static let anyDirectories = Array("**".utf8)

  /// Part by part; the last `**` only is tried again one name further on, which is enough and never takes long.
  private static func matches(_ parts: ArraySlice<[UInt8]>, _ path: ArraySlice<ArraySlice<UInt8>>) -> Bool {
    var (parts, path) = (parts, path)
    var retry: (parts: ArraySlice<[UInt8]>, path: ArraySlice<ArraySlice<UInt8>>)?
    while true {
      if let part = parts.first {
        if part == anyDirectories {
          // At the end it stands for everything below, and at least for one name.
          if parts.count == 1 { return !path.isEmpty }
          parts.removeFirst()
          retry = (parts, path)
          continue
        }
        if let name = path.first, matches(part[...], name) {
          (parts, path) = (parts.dropFirst(), path.dropFirst())
          continue
        }
      } else if path.isEmpty {
        return true
      }
      guard let last = retry, !last.path.isEmpty else { return false }
      (parts, path) = (last.parts, last.path.dropFirst())
      retry = (last.parts, path)
    }
  }

  /// One part against one name; a star is tried again one byte further on, the last one only.
  static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
    var (pattern, name) = (pattern, name)
    var retry: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
    while true {
      if let element = pattern.first {
        if element == UInt8(ascii: "*") {
          pattern.removeFirst()
          retry = (pattern, name)
          continue
        }
        if let byte = name.first, let rest = Self.rest(behind: pattern, matching: byte) {
          pattern = rest
          name.removeFirst()
          continue
        }
      } else if name.isEmpty {
        return true
      }
      guard let last = retry, !last.name.isEmpty else { return false }
      (pattern, name) = (last.pattern, last.name.dropFirst())
      retry = (last.pattern, name)
    }
  }

  /// What is left of a pattern once its first element has taken a byte; nil where it does not take it.
  private static func rest(behind pattern: ArraySlice<UInt8>, matching byte: UInt8) -> ArraySlice<UInt8>? {
    switch pattern.first {
    case UInt8(ascii: "?"): return pattern.dropFirst()
    case UInt8(ascii: "["):
      guard let (accepts, rest) = set(pattern.dropFirst(), byte) else {
        return byte == UInt8(ascii: "[") ? pattern.dropFirst() : nil
      }
      return accepts ? rest : nil
    case UInt8(ascii: "\\") where pattern.count > 1:
      return pattern.dropFirst().first == byte ? pattern.dropFirst(2) : nil
    case let element: return element == byte ? pattern.dropFirst() : nil
    }
  }

  /// A set such as `a-z]`; nil where it does not end.
  private static func set(_ pattern: ArraySlice<UInt8>, _ byte: UInt8) -> (accepts: Bool, rest: ArraySlice<UInt8>)? {
    var rest = pattern
    let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
    if isNegated { rest.removeFirst() }
    var (accepts, isFirst) = (false, true)
    while let low = rest.popFirst() {
      if low == UInt8(ascii: "]"), !isFirst { return (accepts != isNegated, rest) }
      isFirst = false
      var high = low
      if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first, end != UInt8(ascii: "]") {
        high = end
        rest = rest.dropFirst(2)
      }
      if low <= byte, byte <= high { accepts = true }
    }
    return nil
  }
}

/// The patterns that hold at a place of a tree: those of the command line, and of the files on the way to it.
struct IgnoreRules {
  private struct Layer {
    /// How many parts the directory's path has.
    var depth: Int
    var patterns: [IgnorePattern]
  }

  /// Of the command line, meant from the root.
  private let own: [IgnorePattern]
  private var layers: [Layer] = []

  init(_ patterns: [IgnorePattern]) { own = patterns }

  var isEmpty: Bool { own.isEmpty && layers.isEmpty }

  /// Adds what the file in a directory says.
  mutating func enter(depth: Int, _ patterns: [IgnorePattern]) {
    if !patterns.isEmpty { layers.append(Layer(depth: depth, patterns: patterns)) }
  }

  /// Forgets what holds below a directory only, when it is left.
  mutating func leave(depth: Int) {
    if layers.last?.depth == depth { layers.removeLast() }
  }

  /// Whether a path is left out: where the command line does not say so, the last pattern that is meant for it in the
  /// deepest file that has one.
  func excludes(_ path: [UInt8], isDirectory: Bool) -> Bool {
    let parts = path.split(separator: UInt8(ascii: "/"))
    if let last = own.last(where: { $0.matches(parts, isDirectory: isDirectory) }), !last.isNegated { return true }
    for layer in layers.reversed() {
      let below = Array(parts.dropFirst(layer.depth))
      for pattern in layer.patterns.reversed() where pattern.matches(below, isDirectory: isDirectory) {
        return !pattern.isNegated
      }
    }
    return false
  }
}
