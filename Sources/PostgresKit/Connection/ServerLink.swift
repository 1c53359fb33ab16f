internal import Clibpq
internal import RecoverBase

/// The one owner of a `PGconn`: libpq's calls as safe methods that never block (but for name look-ups when
/// connecting, and for ``cancel()``).
@safe struct ServerLink: ~Copyable {
  private let handle: OpaquePointer
  let notices = NoticeLog()

  /// Starts connecting (PQconnectStartParams); go on with ``advanceConnecting()``.
  init(_ pairs: [(keyword: String, value: String)]) throws {
    let keywords = CStringArray(pairs.map(\.keyword), terminated: true)
    let values = CStringArray(pairs.map(\.value), terminated: true)
    let started = unsafe keywords.lend { keywords in
      unsafe values.lend { values in unsafe PQconnectStartParams(keywords, values, 0) }
    }
    guard let handle = unsafe started else {
      throw RecoverError(.noSpace, "out of memory for a connection")
    }
    unsafe self.handle = unsafe handle
    // Not retained: the log lives as long as this value, which ends the connection first.
    unsafe PQsetNoticeReceiver(
      handle,
      { context, result in
        guard let context = unsafe context else { return }
        let log = unsafe Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue()
        log.add(unsafe PostgresError(result: result))
      }, Unmanaged.passUnretained(notices).toOpaque())
  }

  deinit { unsafe PQfinish(handle) }
}

extension ServerLink {
  enum Connecting { case reads, writes, ready, failed }

  func advanceConnecting() -> Connecting {
    switch unsafe PQconnectPoll(handle) {
    case PGRES_POLLING_READING: return .reads
    case PGRES_POLLING_WRITING: return .writes
    case PGRES_POLLING_OK: return unsafe PQsetnonblocking(handle, 1) == 0 ? .ready : .failed
    default: return .failed
    }
  }

  var isBroken: Bool { unsafe PQstatus(handle) == CONNECTION_BAD }
  var socket: Int32 { unsafe PQsocket(handle) }
  var lacksPassword: Bool { unsafe PQconnectionNeedsPassword(handle) == 1 }
  /// Whether the server asked for a password and was given one.
  var usedPassword: Bool { unsafe PQconnectionUsedPassword(handle) == 1 }

  /// libpq's last message, on one line.
  var lastMessage: String { Libpq.trimmed(unsafe Self.text(PQerrorMessage(handle))) }

  /// The options in effect, service and environment included, but for the secret ones.
  var options: [String: String] {
    guard let first = unsafe PQconninfo(handle) else { return [:] }
    defer { unsafe PQconninfoFree(first) }
    let shown = unsafe Libpq.read(first).filter { !ConnectionSettings.secretKeywords.contains($0.keyword) }
    return Dictionary(shown.compactMap { option in option.value.map { (option.keyword, $0) } }) { $1 }
  }

  var host: String { unsafe Self.text(PQhost(handle)) }
  var port: String { unsafe Self.text(PQport(handle)) }
  var user: String { unsafe Self.text(PQuser(handle)) }
  var database: String { unsafe Self.text(PQdb(handle)) }
  var serverVersion: Int { unsafe Int(PQserverVersion(handle)) }
  var backendPid: Int32 { unsafe PQbackendPID(handle) }

  func parameterStatus(_ name: String) -> String? {
    guard let value = unsafe PQparameterStatus(handle, name) else { return nil }
    return unsafe String(cString: value)
  }

  var transaction: Connection.TransactionStatus {
    switch unsafe PQtransactionStatus(handle) {
    case PQTRANS_IDLE: .idle
    case PQTRANS_ACTIVE: .active
    case PQTRANS_INTRANS: .open
    case PQTRANS_INERROR: .failed
    default: .unknown
    }
  }

  private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
    guard let pointer = unsafe pointer else { return "" }
    return unsafe String(cString: pointer)
  }
}

extension ServerLink {
  /// Queues a simple query.
  ///
  /// The bytes end with a NUL and hold no other.
  func send(_ query: [UInt8]) -> Bool {
    unsafe query.withUnsafeBytes { bytes in
      unsafe PQsendQuery(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self)) == 1
    }
  }

  /// Queues a query with parameters as text (the extended protocol: one statement).
  func send(_ query: String, _ parameters: [String?]) -> Bool {
    let values = CStringArray(parameters, terminated: false)
    return unsafe values.lend { values in
      unsafe PQsendQueryParams(handle, query, Int32(values.count), nil, values, nil, nil, 0) == 1
    }
  }

  /// Asks for the rows of the query that was just queued one at a time.
  func setSingleRowMode() -> Bool { unsafe PQsetSingleRowMode(handle) == 1 }

  enum Flush { case done, pending, failed }

  func flush() -> Flush {
    switch unsafe PQflush(handle) {
    case 0: .done
    case 1: .pending
    default: .failed
    }
  }

  func consumeInput() -> Bool { unsafe PQconsumeInput(handle) == 1 }
  var isBusy: Bool { unsafe PQisBusy(handle) == 1 }

  /// The next result, or nil when the query is over; call it only when not busy.
  func takeResult() -> QueryResult? {
    guard let result = unsafe PQgetResult(handle) else { return nil }
    return unsafe QueryResult(owning: result)
  }

  /// Queues a piece of COPY data; the caller flushes after each, so that libpq's buffer stays small.
  func putCopyData(_ bytes: Span<UInt8>) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      let start = unsafe UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
      return unsafe PQputCopyData(handle, start, Int32(buffer.count)) == 1
    }
  }

  /// Ends COPY data, with nil as it should, with a message so that the server rolls it back.
  func putCopyEnd(refusal: String?) -> Bool { unsafe PQputCopyEnd(handle, refusal) == 1 }

  enum CopyData { case row, pending, ended, failed }

  /// Hands the next row of COPY data to `body`, if one is here.
  func withCopyData(_ body: (Span<UInt8>) throws -> Void) rethrows -> CopyData {
    var buffer: UnsafeMutablePointer<CChar>? = nil
    let count = unsafe PQgetCopyData(handle, &buffer, 1)
    switch count {
    case 0: return .pending
    case -1: return .ended
    case 1...:
      defer { unsafe PQfreemem(buffer) }
      let bytes = unsafe UnsafeRawBufferPointer(start: buffer, count: Int(count)).assumingMemoryBound(to: UInt8.self)
      try body(unsafe bytes.span)
      return .row
    default: return .failed
    }
  }

  /// Asks the server to cancel what it does (PQcancel): opens a second connection and waits for it.
  func cancel() {
    guard let request = unsafe PQgetCancel(handle) else { return }
    defer { unsafe PQfreeCancel(request) }
    var message = [CChar](repeating: 0, count: 256)
    unsafe PQcancel(request, &message, Int32(message.count))
  }
}
