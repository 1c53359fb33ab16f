/// Lets one task at a time through a section that awaits, in the order of arrival.
///
/// An actor alone does not: it lets the next caller in at every `await`.
actor SerialLock {
  private var isHeld = false
  private var waiters: [CheckedContinuation<Void, Never>] = []

  func acquire() async {
    guard isHeld else {
      isHeld = true
      return
    }
    await withCheckedContinuation { waiters.append($0) }
  }

  func release() {
    guard waiters.isEmpty else { return waiters.removeFirst().resume() }
    isHeld = false
  }
}
