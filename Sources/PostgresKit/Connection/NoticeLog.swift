/// The newest notices of a connection, oldest first, at most ``limit`` of them.
///
/// A class, since libpq keeps a pointer to it; used only by the thread that uses the connection.
final class NoticeLog {
  static let limit = 256
  private var kept: [PostgresError] = []
  /// How many were forgotten since ``take()``.
  private(set) var forgotten = 0

  func add(_ notice: PostgresError) {
    if kept.count == Self.limit {
      kept.removeFirst()
      forgotten += 1
    }
    kept.append(notice)
  }

  /// The notices, and forgets them.
  func take() -> [PostgresError] {
    defer {
      kept = []
      forgotten = 0
    }
    return kept
  }
}
