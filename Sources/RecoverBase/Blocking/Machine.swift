internal import Glibc

/// The machine that this process runs on.
package enum Machine {
  /// How many cores work now (sysconf(3)); at least 1.
  package static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
