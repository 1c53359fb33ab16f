/// The entry of the command line.
package enum RecoverMain {
  /// Runs the command that the arguments name.
  package static func run() async {}
}
