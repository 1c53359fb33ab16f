/// A path below the root of a tree that can't lead out of it by its own: no `..`, not absolute, no empty parts.
///
/// Links on the way are the file system's matter; the kernel refuses to follow them.
package struct TreePath: Sendable, Hashable {
  /// The names from the root down; empty for the root itself.
  package let parts: [[UInt8]]

  /// The longest name of a file (`NAME_MAX`).
  private static let partLimit = 255

  package init(parts: [[UInt8]]) { self.parts = parts }

  /// Reads the name of a member; `./` and doubled slashes mean nothing.
  ///
  /// - Throws: ``TreePathProblem``.
  package init(_ name: TarName) throws(TreePathProblem) {
    guard name.bytes.first != UInt8(ascii: "/") else { throw .absolute }
    var parts: [[UInt8]] = []
    for part in name.bytes.split(separator: UInt8(ascii: "/")) {
      if part.elementsEqual([UInt8(ascii: ".")]) { continue }
      if part.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")]) { throw .leadsUp }
      guard part.count <= Self.partLimit else { throw .tooLong }
      guard !part.contains(0) else { throw .hasNUL }
      parts.append(Array(part))
    }
    self.parts = parts
  }

  package var isRoot: Bool { parts.isEmpty }
  package var leaf: [UInt8]? { parts.last }
  package var parent: TreePath { TreePath(parts: Array(parts.dropLast())) }

  /// As bytes with slashes between.
  package var bytes: [UInt8] { Array(parts.joined(separator: [UInt8(ascii: "/")])) }
}

extension TreePath: CustomStringConvertible {
  package var description: String { isRoot ? "." : TarName(bytes).description }
}

/// Why a name is no path below a root.
package enum TreePathProblem: String, Error, Sendable {
  case absolute = "it is absolute"
  case leadsUp = "it has `..` in it"
  case tooLong = "a part of it has more than 255 bytes"
  case hasNUL = "it has a NUL in it"
}
