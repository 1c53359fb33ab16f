extension TarMember {
  /// Kind and mode as `ls -l` and `tar -tv` write them: `drwxr-sr-x`.
  package var modeText: String {
    let kindLetter =
      switch kind {
      case .file: "-"
      case .directory: "d"
      case .symbolicLink: "l"
      case .hardLink: "h"
      case .characterDevice: "c"
      case .blockDevice: "b"
      case .fifo: "p"
      case .label: "V"
      }
    let classes: [(shift: UInt16, special: UInt16, letter: Character)] = [
      (6, 0o4000, "s"), (3, 0o2000, "s"), (0, 0o1000, "t"),
    ]
    return classes.reduce(into: kindLetter) { text, one in
      let bits = mode >> one.shift
      text.append(bits & 4 != 0 ? "r" : "-")
      text.append(bits & 2 != 0 ? "w" : "-")
      let (isSpecial, mayExecute) = (mode & one.special != 0, bits & 1 != 0)
      switch (isSpecial, mayExecute) {
      case (true, true): text.append(one.letter)
      case (true, false): text += String(one.letter).uppercased()
      case (false, true): text.append("x")
      case (false, false): text.append("-")
      }
    }
  }

  /// What it is, for people and in JSON: `hard link`.
  package var kindText: String {
    switch kind {
    case .file: "file"
    case .directory: "directory"
    case .symbolicLink: "symbolic link"
    case .hardLink: "hard link"
    case .characterDevice: "character device"
    case .blockDevice: "block device"
    case .fifo: "fifo"
    case .label: "label"
    }
  }
}
