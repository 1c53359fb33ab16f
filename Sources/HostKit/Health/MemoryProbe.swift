package import RecoverBase

/// Passes while the host has memory left, by the kernel's own estimate of what new programs can get (`MemAvailable` of
/// proc(5)), which counts caches that can be dropped as free.
package struct MemoryProbe: ProbeDriver {
  private let usedPercent: Int
  private let available: ByteCount?
  private let file: String

  /// - Parameters:
  ///   - usedPercent: the most that may be in use, 1...100.
  ///   - available: the least that has to be available; nil for any.
  package init(usedPercent: Int = 90, available: ByteCount? = nil) {
    self.init(usedPercent: usedPercent, available: available, file: "/proc/meminfo")
  }

  init(usedPercent: Int, available: ByteCount?, file: String) {
    self.usedPercent = usedPercent
    self.available = available
    self.file = file
  }

  package func check(_ deadline: Deadline) async -> HealthResult {
    guard case .content(let bytes) = ProcFile.read(file) else { return .unknown("can't read \(file)") }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let total = Self.kilobytes("MemTotal", in: text), let left = Self.kilobytes("MemAvailable", in: text),
      total > 0
    else { return .unknown("\(file) does not say MemTotal and MemAvailable") }
    let used = Int((Double(total - left) * 100 / Double(total)).rounded(.up))
    if used > usedPercent { return .unhealthy("\(used) % of the memory is in use, and not at most \(usedPercent) %") }
    if let available, left << 10 < available.bytes {
      return .unhealthy("\(ByteCount(left << 10)) of memory are available, and not at least \(available)")
    }
    return .healthy
  }

  private static func kilobytes(_ name: String, in text: String) -> Int64? {
    let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    return line.flatMap { Int64($0.dropFirst(name.utf8.count + 1).drop { $0 == " " }.prefix { $0.isNumber }) }
  }
}
