internal import Glibc
internal import RecoverBase

/// The end of what a child wrote, at most 8 KiB: the rest is in the log file.
package struct OutputTail: Sendable, Hashable {
  package static let limitBytes = 8192

  /// Valid UTF-8, without the line that was cut.
  package var text: String
  /// Whether more was written than is kept here.
  package var isCut: Bool
  /// How much was written to the log since the child started; others may have written there too.
  package var writtenBytes: Int64

  /// The last line that is not blank, without control characters; at most 200 characters.
  package var lastLine: String? {
    let lines = text.split(whereSeparator: \.isNewline)
    guard let line = lines.last(where: { !$0.allSatisfy(\.isWhitespace) }) else { return nil }
    let shown = line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
    return String(String(String.UnicodeScalarView(shown)).prefix(200))
  }
}

extension OutputTail {
  /// Reads the end of a log file.
  ///
  /// - Parameter start: where the child's part of it begins, in bytes.
  static func read(_ log: Descriptor, from start: Int64) -> OutputTail {
    var status = stat()
    guard unsafe fstat(log.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return OutputTail(text: "", isCut: false, writtenBytes: 0)
    }
    let written = max(Int64(status.st_size) - start, 0)
    let kept = min(written, Int64(limitBytes))
    var bytes = [UInt8](repeating: 0, count: Int(kept))
    let count = unsafe pread(log.number, &bytes, bytes.count, off_t(start + written - kept))
    return make(Array(bytes.prefix(max(count, 0))), isCut: written > kept, writtenBytes: written)
  }

  /// Makes text of bytes; where the front is missing, so is the rest of its line.
  static func make(_ bytes: [UInt8], isCut: Bool, writtenBytes: Int64) -> OutputTail {
    var kept = bytes[...]
    if isCut, let newline = kept.firstIndex(of: UInt8(ascii: "\n")), newline + 1 < kept.endIndex {
      kept = kept[(newline + 1)...]
    } else if isCut {
      // One long line: at least no character begins in its middle.
      kept = kept.drop { $0 & 0xC0 == 0x80 }
    }
    return OutputTail(text: String(decoding: kept, as: UTF8.self), isCut: isCut, writtenBytes: writtenBytes)
  }
}
