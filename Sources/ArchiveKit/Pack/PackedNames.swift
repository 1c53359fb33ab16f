internal import Glibc

/// The names in a directory, in the order of their bytes: a name costs its bytes, a NUL and eight more.
struct PackedNames {
  /// Each name behind the other, ended by a NUL.
  private var bytes: [CChar] = []
  private var starts: [Int] = []

  mutating func append(_ name: [UInt8]) {
    starts.append(bytes.count)
    for byte in name { bytes.append(CChar(bitPattern: byte)) }
    bytes.append(0)
  }

  mutating func sort() {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      starts.sort { unsafe strcmp(base + $0, base + $1) < 0 }
    }
  }

  var count: Int { starts.count }

  /// A name as a C string.
  func name(_ index: Int) -> [CChar] {
    let start = starts[index]
    guard let end = bytes[start...].firstIndex(of: 0) else { return [0] }
    return Array(bytes[start...end])
  }

  /// Whether a name is there, once they are sorted.
  func contains(_ name: String) -> Bool {
    var (low, high) = (0, starts.count)
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      while low < high {
        let middle = (low + high) / 2
        let order = unsafe strcmp(base + starts[middle], name)
        if order == 0 { return true }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return false
    }
  }
}
