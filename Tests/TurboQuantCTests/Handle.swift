import CTurboQuant
import Testing

/// Fails the test with the library's text unless the status is TQ_OK.
func check(_ status: tq_status, _ location: SourceLocation = #_sourceLocation) throws {
  let text = unsafe String(cString: tq_last_error())
  try #require(Int(status) == TQ_OK, "\(status): \(text)", sourceLocation: location)
}

/// A handle, freed at the end.
@safe final class Handle: @unchecked Sendable {
  let raw: OpaquePointer
  private let free: (OpaquePointer?) -> tq_status

  init(
    _ free: @escaping (OpaquePointer?) -> tq_status,
    _ create: (UnsafeMutablePointer<OpaquePointer?>) -> tq_status
  ) throws {
    var raw: OpaquePointer?
    try unsafe check(create(&raw))
    unsafe self.raw = try #require(unsafe raw)
    unsafe self.free = unsafe free
  }

  deinit { _ = unsafe free(raw) }
}
