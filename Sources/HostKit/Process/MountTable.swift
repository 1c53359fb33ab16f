/// A file or directory by its file system: what it is called there is the same in every mount namespace.
struct MountPlace: Hashable {
  /// Major and minor number, as mountinfo writes them.
  var device: [UInt8]
  /// From the root of the file system.
  var path: [UInt8]
  /// Of a mount: where it is.
  var point: [UInt8] = []
}

/// The mounts of a namespace (proc(5), mountinfo), in the order in which they were made.
package struct MountTable {
  private var mounts: [MountPlace] = []

  /// Empty where it can't be read.
  static func read(_ path: String) -> MountTable {
    guard case .content(let bytes) = ProcFile.read(path) else { return MountTable(parsing: []) }
    return MountTable(parsing: bytes)
  }

  init(parsing bytes: [UInt8]) {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
      guard fields.count > 4 else { continue }
      mounts.append(
        MountPlace(device: Array(fields[2]), path: Self.unescaped(fields[3]), point: Self.unescaped(fields[4])))
    }
  }

  /// The mount points below a path that this process sees, that path not among them; none where /proc can't be read.
  package static func points(below path: String) -> [String] {
    let path = Array(path.utf8)
    return read("/proc/self/mountinfo").mounts.map(\.point).filter { $0 != path && isInside($0, path) }
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// The file system that a path is in, and its path there; nil where no mount has it.
  func place(of path: [UInt8]) -> MountPlace? {
    guard let mount = mount(of: path) else { return nil }
    return MountPlace(device: mount.device, path: Self.moved(path, from: mount.point, to: mount.path))
  }

  /// The paths under which this namespace sees a place, or all that it sees of it.
  func paths(of place: MountPlace) -> [[UInt8]] {
    mounts.compactMap { mount in
      guard mount.device == place.device else { return nil }
      if Self.isInside(mount.path, place.path) { return isOnTop(mount, at: mount.point) ? mount.point : nil }
      guard Self.isInside(place.path, mount.path) else { return nil }
      let path = Self.moved(place.path, from: mount.path, to: mount.point)
      return isOnTop(mount, at: path) ? path : nil
    }
  }

  /// The mounts that show a place, or something in it: they would go on to show it wherever it is moved.
  func mounts(of place: MountPlace) -> [MountPlace] {
    mounts.filter { $0.device == place.device && Self.isInside($0.path, place.path) }
  }

  /// The mount that a path leads to: the innermost one, and of those in one place the last.
  private func mount(of path: [UInt8]) -> MountPlace? {
    var best: MountPlace?
    for mount in mounts where Self.isInside(path, mount.point) && mount.point.count >= (best?.point.count ?? 0) {
      best = mount
    }
    return best
  }

  private func isOnTop(_ mount: MountPlace, at path: [UInt8]) -> Bool { self.mount(of: path) == mount }

  private static func moved(_ path: [UInt8], from: [UInt8], to: [UInt8]) -> [UInt8] {
    let rest = path.dropFirst(from == [UInt8(ascii: "/")] ? 0 : from.count)
    if to == [UInt8(ascii: "/")] { return rest.isEmpty ? to : Array(rest) }
    return rest == [UInt8(ascii: "/")] ? to : to + rest
  }

  /// Whether one path is the other, or is in it.
  static func isInside(_ path: [UInt8], _ other: [UInt8]) -> Bool {
    if other == [UInt8(ascii: "/")] { return true }
    return path.starts(with: other) && (path.count == other.count || path[other.count] == UInt8(ascii: "/"))
  }

  /// Blanks and backslashes are written as three octal digits.
  private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      let code = digits.count == 3 ? UInt8(String(decoding: digits, as: UTF8.self), radix: 8) : nil
      if byte == UInt8(ascii: "\\"), let code {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }
}
