package import RecoverBase

/// Passes when a server answers a request with a wanted status, and with a wanted text where one is named.
///
/// It asks the server itself, never through a proxy, whatever the environment says: a proxy's answer proves
/// nothing. It verifies certificates.
package struct HTTPProbe: ProbeDriver {
  package var url: String
  package var method: Method
  /// The statuses that pass.
  package var statuses: Set<Int>
  /// What the first 1 MiB of the body has to contain, byte for byte; nil: anything.
  package var contains: String?
  package var headers: [String: String]
  /// Whether redirects are followed, at most 5; else their status is what counts.
  package var followsRedirects: Bool
  /// A file of certificates to trust (PEM) instead of the system's.
  package var certificateFile: String?

  /// A request that changes nothing (RFC 9110, 9.2.1).
  package enum Method: String, Sendable, Hashable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
  }

  package init(
    url: String, method: Method = .get, statuses: Set<Int> = [200], contains: String? = nil,
    headers: [String: String] = [:], followsRedirects: Bool = false, certificateFile: String? = nil
  ) {
    self.url = url
    self.method = method
    self.statuses = statuses
    self.contains = contains
    self.headers = headers
    self.followsRedirects = followsRedirects
    self.certificateFile = certificateFile
  }

  package func check(_ deadline: Deadline) async -> HealthResult {
    do {
      return try await BlockingThread.run("recover-http") { interruption in
        judge(try HTTPTransfer.perform(self, deadline, interruption))
      }
    } catch let error as RecoverError {
      return .unknown("\(Self.shown(url)): \(error.message)")
    } catch {
      return .unknown("\(Self.shown(url)): \(error)")
    }
  }

  /// What an answer, or its lack, says.
  func judge(_ outcome: HTTPTransfer.Outcome) -> HealthResult {
    let place = Self.shown(url)
    switch outcome {
    case .failed(let reason): return .unhealthy("\(place): \(reason)")
    case .notAsked(let reason): return .unknown("\(place): \(reason)")
    case .answered(let status, let body, let isCut):
      guard statuses.contains(status) else {
        let wanted = statuses.sorted().map(String.init).joined(separator: " or ")
        return .unhealthy("\(place): status \(status), and not \(wanted)")
      }
      guard let contains, !Self.holds(body, Array(contains.utf8)) else { return .healthy }
      let part = isCut ? "the first \(ByteCount(HTTPTransfer.bodyLimitBytes)) of the body" : "the body"
      return .unhealthy("\(place): status \(status), but \(part) does not contain `\(contains)`")
    }
  }

  /// The URL without user, password and query, for messages.
  static func shown(_ url: String) -> String {
    let bare = url.prefix { $0 != "?" && $0 != "#" }
    let scheme = bare.firstRange(of: "://")?.upperBound ?? bare.startIndex
    let authority = bare[scheme...].prefix { $0 != "/" }
    guard let at = authority.lastIndex(of: "@") else { return String(bare) }
    return String(bare[..<scheme] + bare[bare.index(after: at)...])
  }

  private static func holds(_ body: [UInt8], _ wanted: [UInt8]) -> Bool {
    guard let first = wanted.first else { return true }
    guard body.count >= wanted.count else { return false }
    return (0...(body.count - wanted.count)).contains { start in
      body[start] == first && body[start..<(start + wanted.count)].elementsEqual(wanted)
    }
  }
}
