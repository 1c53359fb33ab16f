internal import Glibc
internal import RecoverBase

/// Reads an extracted tree back, over several threads, and holds all of it against what the extraction read from the
/// archive: content by its digest, owner, mode, times, attributes, lists, links, and that nothing else is there.
struct TreeProof {
  /// What differs: the first ones, and how many.
  struct Differences: Sendable {
    var first: [TreeDifference] = []
    var count: Int64 = 0

    mutating func add(_ difference: TreeDifference) {
      count += 1
      if first.count < 10 { first.append(difference) }
    }
  }

  /// Proves a tree.
  ///
  /// - Parameters:
  ///   - root: a descriptor of its root, which stays open meanwhile.
  ///   - path: of it, for errors.
  ///   - progress: told now and then how many bytes of files were read; from any thread.
  static func differences(
    of extraction: inout TreeExtraction, in root: Int32, _ path: String, threads: Int, _ interruption: Interruption,
    progress: @escaping @Sendable (Int64) -> Void
  ) throws -> Differences {
    let found = Monitor(Differences())
    let done = Monitor(Int64(0))
    let queue = try extraction.members.queue()
    try BlockingThread.team("recover-proof", count: max(1, threads), interruption) { _, stop in
      let tree = try TreeRoot(root, path: path)
      var worker = TreeProofWorker(TreeCheck(isExact: true) { difference in found.change { $0.add(difference) } })
      while let records = try queue.next() {
        for record in records {
          try stop.check()
          try worker.check(record, in: tree)
        }
        let sum = done.change { sum in
          sum += worker.takeReadBytes()
          return sum
        }
        progress(sum)
      }
    }
    let tree = try TreeRoot(root, path: path)
    try checkDirectories(extraction, in: tree, found)
    return found.change { $0 }
  }

  private static func checkDirectories(
    _ extraction: borrowing TreeExtraction, in tree: borrowing TreeRoot, _ found: Monitor<Differences>
  ) throws {
    let check = TreeCheck(isExact: true) { difference in found.change { $0.add(difference) } }
    var expected = extraction.members.count
    try extraction.directories.forEach { record in
      if !record.path.isRoot { expected += 1 }
      // What the archive does not say, nothing can differ from.
      if !record.isMadeUp { check.directory(record.path, record.metadata, in: tree) }
    }
    guard let top = tree.open(TreePath(parts: [])) else { return }
    let count = try count(in: top, TreePath(parts: []), tree)
    if count != expected { check.tell(TreeDifference(path: TreePath(parts: []), what: .count(expected, found: count))) }
  }

  /// How many names there are.
  private static func count(
    in directory: borrowing TreeDirectory, _ path: TreePath, _ root: borrowing TreeRoot
  ) throws -> Int64 {
    guard var stream = DirectoryStream(directory.descriptor) else { return 0 }
    var count: Int64 = 0
    while let name = try stream.next() {
      count += 1
      let child = TreePath(parts: path.parts + [name])
      guard FileStatus(directory.descriptor, name)?.isDirectory == true, let below = root.open(child) else { continue }
      count += try Self.count(in: below, child, root)
    }
    return count
  }
}

/// One thread of a proof.
struct TreeProofWorker: ~Copyable {
  private let check: TreeCheck
  private let content = ContentDigest()
  private var parentPath: TreePath?
  private var parent: TreeDirectory?

  init(_ check: TreeCheck) { self.check = check }

  mutating func takeReadBytes() -> Int64 { content.takeReadBytes() }

  mutating func check(_ record: MemberLedger.Record, in root: borrowing TreeRoot) throws {
    let path = record.path
    if parentPath != path.parent {
      parent = root.open(path.parent)
      parentPath = path.parent
    }
    guard let leaf = path.leaf, let directory = parent?.descriptor else {
      check.tell(TreeDifference(path: path, what: .missing))
      return
    }
    switch record.kind {
    case .file(let size, let digest, let pieces):
      try check.file(path, leaf, in: directory, record.metadata, size: size) { [content] file in
        try content.isSame(file, size: size, digest, pieces)
      }
    case .symbolicLink(let target):
      guard let status = check.status(path, leaf, in: directory, .symbolicLink) else { return }
      check.symbolicLink(path, leaf, in: directory, status, record.metadata, to: target)
    case .hardLink(let target):
      guard let status = check.status(path, leaf, in: directory, nil) else { return }
      check.hardLink(path, status, to: target, in: root)
    case .node(let kind, let device):
      guard let status = check.status(path, leaf, in: directory, kind) else { return }
      check.node(path, status, record.metadata, kind == .fifo ? nil : device)
    }
  }
}
