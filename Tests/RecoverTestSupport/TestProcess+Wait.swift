internal import CLinux
internal import Glibc

extension TestProcess {
  /// Waits for the end, but not longer than so many milliseconds: for tests that kill at random moments.
  ///
  /// - Returns: whether the process has ended.
  package func wait(milliseconds: Int) -> Bool {
    let handle = recover_pidfd_open(pid)
    guard handle >= 0 else { return true }
    defer { close(handle) }
    var request = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, Int32(milliseconds)) > 0
  }

  /// Waits until a line of the standard output holds all the parts.
  ///
  /// - Returns: false where the process ended without such a line.
  package func waitForLine(with parts: [String]) -> Bool {
    while true {
      let hasEnded = wait(milliseconds: 1)
      let lines = outputSoFar.split(separator: "\n")
      if lines.contains(where: { line in parts.allSatisfy { line.contains($0) } }) { return true }
      if hasEnded { return false }
    }
  }
}
