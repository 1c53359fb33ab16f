internal import Glibc

/// Copies of strings for a C function that takes an array of them, NULL where a string is nil.
@safe struct CStringArray: ~Copyable {
  private let pointers: [UnsafePointer<CChar>?]

  /// - Parameter terminated: whether a NULL stands at the end.
  init(_ strings: [String?], terminated: Bool) {
    var pointers = unsafe strings.map { string in unsafe string.flatMap { unsafe UnsafePointer(strdup($0)) } }
    if terminated { unsafe pointers.append(nil) }
    unsafe self.pointers = unsafe pointers
  }

  deinit { unsafe pointers.forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) } }

  /// Lends the array for one call.
  borrowing func lend<Value>(_ body: ([UnsafePointer<CChar>?]) -> Value) -> Value { unsafe body(pointers) }
}
