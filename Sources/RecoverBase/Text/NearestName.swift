/// Finds the name that somebody probably meant: `keep-previous` for `keep_previos`.
package enum NearestName {
  /// Longer names are not compared: the work grows with the product of the lengths.
  private static let lengthLimit = 64

  /// The candidate nearest to `name`, or nil when none is near.
  ///
  /// Near means at most one edit in three characters, and never more than three. Case does not count, and
  /// `_` counts as `-`. Equally near candidates are taken in alphabetical order. When none is near, the one
  /// candidate that starts with the whole name is taken: `production` for `prod`.
  package static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = folded(name)
    guard !wanted.isEmpty, wanted.count <= lengthLimit else { return nil }
    let limit = max(1, min(3, wanted.count / 3))
    var best: (distance: Int, name: String)?
    for candidate in candidates.sorted() where candidate != name {
      let other = folded(candidate)
      guard !other.isEmpty, other.count <= lengthLimit, abs(other.count - wanted.count) <= limit else { continue }
      let distance = distance(wanted, other)
      if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.name ?? onlyExtension(of: wanted, among: candidates.filter { $0 != name })
  }

  private static func onlyExtension(of prefix: [Unicode.Scalar], among candidates: [String]) -> String? {
    guard prefix.count >= 2 else { return nil }
    let matches = candidates.filter { folded($0).starts(with: prefix) }
    return matches.count == 1 ? matches[0] : nil
  }

  /// The text of a hint, ``did you mean `x`?``, or nil when no candidate is near.
  package static func hint(_ name: String, among candidates: some Sequence<String>) -> String? {
    find(name, among: candidates).map { "did you mean `\($0)`?" }
  }

  private static func folded(_ name: String) -> [Unicode.Scalar] {
    name.lowercased().unicodeScalars.map { $0 == "_" ? "-" : $0 }
  }

  /// How many insertions, deletions, replacements and swaps of neighbours turn `left` into `right`.
  ///
  /// The optimal string alignment distance: no part is edited twice.
  static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforePrevious = [Int](repeating: 0, count: right.count + 1)
    var previous = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      current.reserveCapacity(right.count + 1)
      for column in 0..<right.count {
        let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
        var cost = min(replaced, previous[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforePrevious[column - 1] + 1)
        }
        current.append(cost)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[right.count]
  }
}
