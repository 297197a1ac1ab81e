// Arrays of a caller, checked as far as that can be done without knowing where they end.

internal import CTurboQuant
internal import TurboQuantKernels

/// `count` elements to read.
func input<T: BitwiseCopyable>(
  _ pointer: UnsafePointer<T>?, count: Int, _ name: String
) throws(CallError) -> UnsafeBufferPointer<T> {
  let start = try unsafe checked(pointer, T.self, count: count, name)
  return unsafe UnsafeBufferPointer(start: start?.assumingMemoryBound(to: T.self), count: count)
}

/// Room for `needed` elements of the `capacity` that the caller has.
func output<T: BitwiseCopyable>(
  _ pointer: UnsafeMutablePointer<T>?, capacity: Int, needed: Int, _ name: String
) throws(CallError) -> UnsafeMutableBufferPointer<T> {
  let raw = UnsafeRawPointer(pointer)
  guard capacity >= 0 else { throw .size(name) }
  guard capacity >= needed else { throw .capacity(name, capacity, needed: needed) }
  _ = try unsafe checked(raw, T.self, count: needed, name)
  return unsafe UnsafeMutableBufferPointer(start: pointer, count: needed)
}

/// The same, or nil where the caller wants no such output.
func optionalOutput<T: BitwiseCopyable>(
  _ pointer: UnsafeMutablePointer<T>?, capacity: Int, needed: Int, _ name: String
) throws(CallError) -> UnsafeMutableBufferPointer<T>? {
  guard unsafe pointer != nil else { return nil }
  return try unsafe output(pointer, capacity: capacity, needed: needed, name)
}

/// The place of one result.
func place<T>(_ pointer: UnsafeMutablePointer<T>?, _ name: String) throws(CallError)
  -> UnsafeMutablePointer<T>
{
  guard let pointer = unsafe pointer else { throw .null(name) }
  _ = try unsafe checked(UnsafeRawPointer(pointer), T.self, count: 1, name)
  return unsafe pointer
}

/// `a` · `b`, of sizes that are not negative.
func product(_ a: Int, _ b: Int, _ name: String) throws(CallError) -> Int {
  let (product, overflows) = a.multipliedReportingOverflow(by: b)
  guard a >= 0, b >= 0, !overflows else { throw .size(name) }
  return product
}

extension UnsafeMutableBufferPointer where Element: BitwiseCopyable {
  /// Fills the buffer with as many elements.
  func copy(_ elements: [Element]) {
    // A buffer of none may have no address, which the standard library would unwrap.
    if !elements.isEmpty { _ = unsafe update(fromContentsOf: elements) }
  }
}

/// More bytes than any processor can address, yet so few that sizes computed from them do not overflow.
private let largestByteCount = 1 << 56

private func checked<T>(
  _ pointer: UnsafeRawPointer?, _ type: T.Type, count: Int, _ name: String
) throws(CallError) -> UnsafeRawPointer? {
  // A size_t beyond Int.max arrives negative.
  guard count >= 0, count <= largestByteCount / MemoryLayout<T>.stride else { throw .size(name) }
  guard count > 0 else { return nil }
  guard let pointer = unsafe pointer else { throw .null(name) }
  guard UInt(bitPattern: pointer) % UInt(MemoryLayout<T>.alignment) == 0 else {
    throw .misaligned(name, MemoryLayout<T>.alignment)
  }
  return unsafe pointer
}

/// Calls `body` with `count` elements of `type` as float32: float32 where it lies, others as a copy.
func withFloats<R>(
  _ pointer: UnsafeRawPointer?, count: Int, _ type: tq_type, _ name: String, _ kernels: Kernels,
  _ body: (Span<Float>) throws -> R
) throws -> R {
  switch Int(type) {
  case TQ_FLOAT32:
    return try unsafe body(
      input(pointer?.assumingMemoryBound(to: Float.self), count: count, name).span)
  case TQ_FLOAT16:
    let halves = try unsafe input(
      pointer?.assumingMemoryBound(to: UInt16.self), count: count, name)
    var floats = [Float](repeating: 0, count: count)
    var target = floats.mutableSpan
    unsafe kernels.widen(halves.span, into: &target)
    return try body(floats.span)
  case TQ_BFLOAT16:
    // The upper half of a float32.
    let halves = try unsafe input(
      pointer?.assumingMemoryBound(to: UInt16.self), count: count, name)
    let floats = unsafe halves.map { Float(bitPattern: UInt32($0) << 16) }
    return try body(floats.span)
  default: throw CallError.value(type, "a tq_type: TQ_FLOAT32, TQ_FLOAT16 or TQ_BFLOAT16")
  }
}

/// A number of threads: 0 is 1; more than any machine has is cut.
func threadCount(_ threads: Int) -> Int { threads < 0 ? 1 << 16 : min(max(threads, 1), 1 << 16) }
