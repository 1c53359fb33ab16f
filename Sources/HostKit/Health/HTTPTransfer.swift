internal import CCurl
internal import Glibc
internal import RecoverBase

/// One request through libcurl, in a handle of its own (libcurl's easy interface).
///
/// Blocking.
enum HTTPTransfer {
  /// More of a body is not kept.
  static let bodyLimitBytes = 1 << 20

  enum Outcome: Hashable {
    case answered(status: Int, body: [UInt8], isCut: Bool)
    /// The server could not be reached, or broke off.
    case failed(String)
    /// It was never asked: the URL or its host's name is no good, or the task was cancelled.
    case notAsked(String)
  }

  /// Asks once.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` when libcurl does not work or lacks an option.
  static func perform(_ probe: HTTPProbe, _ deadline: Deadline, _ interruption: Interruption) throws -> Outcome {
    try initialize()
    let left = deadline.remaining
    guard left > .zero else { return .failed("no time was left to ask") }
    let sink = Sink(interruption)
    let handle = try Handle(sink)
    try configure(handle, probe, left)
    let code = handle.perform()
    extendLifetime(sink)
    switch code {
    case CURLE_OK: break
    // Ours: the body was longer than we keep.
    case CURLE_WRITE_ERROR where sink.isCut: break
    case CURLE_ABORTED_BY_CALLBACK: return .notAsked("stopped while asking")
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_COULDNT_RESOLVE_HOST, CURLE_SSL_CACERT_BADFILE,
      CURLE_OUT_OF_MEMORY:
      // The same codes stand for what a server answered: HTTP/0.9, a redirect to nowhere.
      let explanation = handle.explanation(code)
      return handle.connections == 0 ? .notAsked(explanation) : .failed(explanation)
    default: return .failed(handle.explanation(code))
    }
    return .answered(status: handle.status, body: sink.body, isCut: sink.isCut)
  }

  private static func configure(_ handle: borrowing Handle, _ probe: HTTPProbe, _ limit: Duration) throws {
    try handle.set(CURLOPT_URL, probe.url)
    try handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
    try handle.set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    try handle.set(CURLOPT_NOPROXY, "*")
    try handle.set(CURLOPT_USERAGENT, "recover")
    // No SIGALRM: it would reach whatever thread there is.
    try handle.set(CURLOPT_NOSIGNAL, 1)
    try handle.set(CURLOPT_TIMEOUT_MS, Int(limit.pollMilliseconds))
    try handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(limit.pollMilliseconds))
    try handle.set(CURLOPT_SSL_VERIFYPEER, 1)
    try handle.set(CURLOPT_SSL_VERIFYHOST, 2)
    if let file = probe.certificateFile { try handle.set(CURLOPT_CAINFO, file) }
    if probe.method == .head { try handle.set(CURLOPT_NOBODY, 1) }
    if probe.followsRedirects {
      try handle.set(CURLOPT_FOLLOWLOCATION, 1)
      try handle.set(CURLOPT_MAXREDIRS, 5)
    }
    for (name, value) in probe.headers.sorted(by: { $0.key < $1.key }) {
      // An empty value is written with a semicolon; "Name:" would remove the header.
      try handle.add(header: value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
  }

  enum CertificateOutcome: Hashable {
    /// The chain leads to an authority, the name is right, and none has expired; what each one says, the server's first.
    case verified([Certificate])
    case refused(String)
    case notAsked(String)
  }

  struct Certificate: Hashable {
    var subject: String
    /// As libcurl writes it: `Nov 24 20:25:20 2026 GMT`, or `2026-11-24 20:25:20 GMT` with GnuTLS.
    var expiry: String
  }

  /// Makes a TLS connection, asks nothing, and reads the certificates.
  ///
  /// - Throws: as ``perform(_:_:_:)``.
  static func certificates(
    of probe: TLSProbe, _ deadline: Deadline, _ interruption: Interruption
  ) throws -> CertificateOutcome {
    try initialize()
    let left = deadline.remaining
    guard left > .zero else { return .refused("no time was left to ask") }
    let sink = Sink(interruption)
    let handle = try Handle(sink)
    var request = HTTPProbe(url: "https://\(probe.urlName):\(probe.port)/")
    request.certificateFile = probe.certificateFile
    try configure(handle, request, left)
    try handle.set(CURLOPT_CONNECT_ONLY, 1)
    try handle.set(CURLOPT_CERTINFO, 1)
    try handle.connect("\(probe.urlName):\(probe.port):\(probe.urlHost):\(probe.port)")
    let code = handle.perform()
    extendLifetime(sink)
    switch code {
    case CURLE_OK: return .verified(handle.certificates)
    case CURLE_ABORTED_BY_CALLBACK, CURLE_URL_MALFORMAT, CURLE_COULDNT_RESOLVE_HOST, CURLE_SSL_CACERT_BADFILE,
      CURLE_OUT_OF_MEMORY:
      return .notAsked(handle.explanation(code))
    default: return .refused(handle.explanation(code))
    }
  }

  /// libcurl's own state, made once and before any handle: curl_global_init(3) is not safe beside threads
  /// in every build.
  private static let globalCode = recover_curl_global_init()

  private static func initialize() throws {
    guard globalCode == CURLE_OK else {
      throw RecoverError(.missingRequirement, "libcurl does not start (code \(globalCode.rawValue))")
    }
  }

  /// What the callbacks write to and read from; only the thread that performs touches it.
  fileprivate final class Sink {
    var body: [UInt8] = []
    var isCut = false
    let interruption: Interruption
    init(_ interruption: Interruption) { self.interruption = interruption }
  }

  /// Owns a `CURL *`, its list of headers and its error buffer.
  @safe fileprivate struct Handle: ~Copyable {
    private let curl: UnsafeMutableRawPointer
    private let errorText: UnsafeMutableBufferPointer<CChar>
    private let headers: Headers
    private let places: Headers

    /// The list grows by replacing its pointer, so that it lives behind one.
    @safe private final class Headers {
      var list: UnsafeMutablePointer<curl_slist>?
      deinit { unsafe curl_slist_free_all(list) }
    }

    /// - Parameter sink: outlives the handle.
    init(_ sink: Sink) throws {
      guard let curl = unsafe curl_easy_init() else {
        throw RecoverError(.missingRequirement, "libcurl gives no handle: out of memory")
      }
      unsafe self.curl = unsafe curl
      unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
      unsafe errorText.initialize(repeating: 0)
      headers = Headers()
      places = Headers()
      unsafe recover_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, errorText.baseAddress)
      let context = unsafe Unmanaged.passUnretained(sink).toOpaque()
      unsafe recover_curl_set_write(
        curl,
        { data, size, count, context in
          guard let data = unsafe data, let context = unsafe context else { return 0 }
          let sink = unsafe Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
          let bytes = unsafe UnsafeRawBufferPointer(start: data, count: size * count)
          let room = min(bodyLimitBytes - sink.body.count, size * count)
          unsafe sink.body += bytes.prefix(room)
          // Less than what was given ends the transfer.
          sink.isCut = room < size * count
          return room
        }, context)
      unsafe recover_curl_set_progress(
        curl,
        { context, _, _, _, _ in
          guard let context = unsafe context else { return 0 }
          return unsafe Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue().interruption.isRaised ? 1 : 0
        }, context)
    }

    deinit {
      unsafe curl_easy_cleanup(curl)
      unsafe errorText.deallocate()
    }

    func set(_ option: CURLoption, _ value: Int) throws {
      try check(unsafe recover_curl_set_long(curl, option, value), option)
    }

    func set(_ option: CURLoption, _ value: String) throws {
      try check(unsafe recover_curl_set_string(curl, option, value), option)
    }

    func add(header: String) throws {
      guard let list = unsafe curl_slist_append(headers.list, header) else {
        throw RecoverError(.missingRequirement, "libcurl takes no header: out of memory")
      }
      unsafe headers.list = unsafe list
      try check(unsafe recover_curl_set_pointer(curl, CURLOPT_HTTPHEADER, list), CURLOPT_HTTPHEADER)
    }

    /// Goes to another address than the URL says: `HOST:PORT:ADDRESS:PORT`.
    func connect(_ place: String) throws {
      guard let list = unsafe curl_slist_append(places.list, place) else {
        throw RecoverError(.missingRequirement, "libcurl takes no address: out of memory")
      }
      unsafe places.list = unsafe list
      try check(unsafe recover_curl_set_pointer(curl, CURLOPT_CONNECT_TO, list), CURLOPT_CONNECT_TO)
    }

    /// The certificates of the last connection, the server's own first.
    var certificates: [Certificate] {
      var certificates: [Certificate] = []
      while let expiry = unsafe recover_curl_certificate(curl, Int32(certificates.count), "Expire date") {
        let subject = unsafe recover_curl_certificate(curl, Int32(certificates.count), "Subject")
        certificates.append(
          Certificate(
            subject: unsafe subject.map { unsafe String(cString: $0) } ?? "", expiry: unsafe String(cString: expiry)))
      }
      return certificates
    }

    func perform() -> CURLcode { unsafe curl_easy_perform(curl) }

    /// The status of the last answer; 0 without one.
    var status: Int {
      var status = 0
      unsafe recover_curl_status(curl, &status)
      return status
    }

    /// How many connections were made; 0 as long as no server was reached.
    var connections: Int {
      var count = 0
      unsafe recover_curl_connections(curl, &count)
      return count
    }

    /// What libcurl says about a failure, in lower case.
    func explanation(_ code: CURLcode) -> String {
      if let base = unsafe errorText.baseAddress, unsafe base.pointee != 0 {
        return unsafe String(cString: base).lowercased()
      }
      guard let text = unsafe curl_easy_strerror(code) else { return "libcurl error \(code.rawValue)" }
      return unsafe String(cString: text).lowercased()
    }

    private func check(_ code: CURLcode, _ option: CURLoption) throws {
      guard code != CURLE_OK else { return }
      throw RecoverError(
        .missingRequirement, "libcurl does not take option \(option.rawValue): \(explanation(code))",
        hint: "install libcurl 7.85 or newer")
    }
  }
}
