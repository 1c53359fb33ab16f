internal import Glibc

/// What the terminal, if there is one, can show.
enum TerminalInfo {
  /// Whether standard output is a terminal that can redraw a line.
  static var isLive: Bool {
    isatty(STDOUT_FILENO) == 1 && ProcessEnvironment.value("TERM") != "dumb"
      && ProcessEnvironment.value("NO_COLOR") == nil
  }

  /// How many characters fit into a line; 80 where nobody knows.
  static var columns: Int {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
