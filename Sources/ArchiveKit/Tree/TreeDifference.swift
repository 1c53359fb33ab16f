/// Something in which a tree is not what an archive says.
package struct TreeDifference: Sendable, Hashable {
  package enum What: Sendable, Hashable {
    case missing
    /// There, and not in the archive; with all that is below it.
    case extra
    /// It is something else, such as a directory in place of a file.
    case kind
    case size(expected: Int64, found: Int64)
    /// The first byte that differs, from 0.
    case content(offset: Int64)
    /// It can't be read, so nothing is known of its content.
    case unreadable(String)
    case mode(expected: UInt16, found: UInt16)
    case owner(expected: String, found: String)
    case modified(expected: TarTime, found: TarTime)
    /// The name of the attribute.
    case attribute(String)
    case accessList
    case target(expected: TarName, found: TarName)
    case device
    /// Other numbers of names than were made, wherever they are.
    case count(Int64, found: Int64)
    /// Not the same file as the other name of the hard link.
    case notLinked(to: TarName)
  }

  package var path: TreePath
  package var what: What
}

extension TreeDifference: CustomStringConvertible {
  package var description: String { "\(path): \(what)" }
}

extension TreeDifference.What: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing: "is not there"
    case .extra: "is not in the archive"
    case .kind: "is of another kind"
    case .size(let expected, let found): "has \(found) bytes instead of \(expected)"
    case .content(let offset): "has another content from byte \(offset) on"
    case .unreadable(let reason): "can't be read: \(reason)"
    case .mode(let expected, let found): "has mode \(Self.octal(found)) instead of \(Self.octal(expected))"
    case .owner(let expected, let found): "belongs to \(found) instead of \(expected)"
    case .modified(let expected, let found): "was modified at \(found) instead of \(expected)"
    case .attribute(let name): "differs in the attribute \(name)"
    case .accessList: "has another access control list"
    case .target(let expected, let found): "points to \(found) instead of \(expected)"
    case .device: "is another device"
    case .count(let expected, let found): "has \(found) names below it instead of \(expected)"
    case .notLinked(let other): "is no other name of \(other)"
    }
  }

  private static func octal(_ mode: UInt16) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
