/// Numbers of inodes, kept as runs: a file system gives neighbouring ones to files that are made one after the other.
struct InodeSet {
  /// Ascending, with gaps between.
  private var runs: [ClosedRange<UInt64>] = []

  /// How many runs there are, which is what it costs.
  var runCount: Int { runs.count }

  mutating func insert(_ inode: UInt64) {
    let index = place(of: inode)
    if index < runs.count, runs[index].contains(inode) { return }
    let joinsBefore = index > 0 && runs[index - 1].upperBound &+ 1 == inode
    let joinsAfter = index < runs.count && inode &+ 1 == runs[index].lowerBound
    switch (joinsBefore, joinsAfter) {
    case (true, true):
      runs[index - 1] = runs[index - 1].lowerBound...runs[index].upperBound
      runs.remove(at: index)
    case (true, false): runs[index - 1] = runs[index - 1].lowerBound...inode
    case (false, true): runs[index] = inode...runs[index].upperBound
    case (false, false): runs.insert(inode...inode, at: index)
    }
  }

  func contains(_ inode: UInt64) -> Bool {
    let index = place(of: inode)
    return index < runs.count && runs[index].contains(inode)
  }

  /// The first run that ends at the number or behind it.
  private func place(of inode: UInt64) -> Int {
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].upperBound < inode { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
