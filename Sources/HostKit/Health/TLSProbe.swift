package import RecoverBase

/// Passes when a server's certificates are good, and for some days more: the chain, the name, and when each expires.
package struct TLSProbe: ProbeDriver {
  package var host: String
  package var port: Int
  /// The name that the certificate has to be for; the host where nil.
  package var name: String?
  /// The least that every certificate of the chain has to be valid from now on.
  package var validity: Duration
  /// A file of certificates to trust (PEM) instead of the system's.
  package var certificateFile: String?

  package init(
    host: String, port: Int = 443, name: String? = nil, validity: Duration, certificateFile: String? = nil
  ) {
    self.host = host
    self.port = port
    self.name = name
    self.validity = validity
    self.certificateFile = certificateFile
  }

  var urlHost: String { host.contains(":") ? "[\(host)]" : host }
  var urlName: String { name ?? urlHost }

  package func check(_ deadline: Deadline) async -> HealthResult {
    do {
      return try await BlockingThread.run("recover-tls") { interruption in
        judge(try HTTPTransfer.certificates(of: self, deadline, interruption), now: .now)
      }
    } catch let error as RecoverError {
      return .unknown("\(place): \(error.message)")
    } catch {
      return .unknown("\(place): \(error)")
    }
  }

  private var place: String { "\(urlName):\(port)" }

  func judge(_ outcome: HTTPTransfer.CertificateOutcome, now: WallTime) -> HealthResult {
    switch outcome {
    case .refused(let reason): return .unhealthy("\(place): \(reason)")
    case .notAsked(let reason): return .unknown("\(place): \(reason)")
    case .verified(let certificates):
      guard !certificates.isEmpty else { return .unknown("\(place): libcurl does not tell the certificates") }
      for certificate in certificates {
        guard let expiry = Self.time(certificate.expiry) else {
          return .unknown("\(place): can't read the expiry date `\(certificate.expiry)`")
        }
        guard expiry < now + validity else { continue }
        let left = Int((expiry - now).nanoseconds / 86_400_000_000_000)
        return .unhealthy("\(place): the certificate of \(certificate.subject) expires in \(left) days, at \(expiry)")
      }
      return .healthy
    }
  }

  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// A date as libcurl writes it, with OpenSSL or with GnuTLS.
  static func time(_ text: String) -> WallTime? {
    let words = text.split { $0 == " " || $0 == ":" || $0 == "-" }.map(String.init)
    guard words.count == 7, words.last == "GMT" else { return nil }
    let isNamed = months.contains(words[0])
    let month = isNamed ? months.firstIndex(of: words[0]).map { Int64($0) + 1 } : Int64(words[1])
    let numbers = isNamed ? [words[5], words[1]] + words[2...4] : [words[0]] + words[2...5]
    guard let month, numbers.count == 5 else { return nil }
    let parts = numbers.compactMap { Int64($0) }
    guard parts.count == 5, (1...12).contains(month) else { return nil }
    let days = days(year: parts[0], month: month, day: parts[1])
    return WallTime(microseconds: (days * 86_400 + parts[2] * 3600 + parts[3] * 60 + parts[4]) * 1_000_000)
  }

  /// Days from 1970-01-01 in the Gregorian calendar.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    // Years that begin in March, so that the leap day is the last one.
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }
}
