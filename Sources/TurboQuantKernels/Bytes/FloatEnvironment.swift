internal import CTurboQuantKernels

/// Runs `body` with rounding to nearest and gradual underflow, whatever the caller had set.
///
/// Stored bytes must not depend on a flush-to-zero mode that some other library switched on.
package func withStandardFloatEnvironment<R: ~Copyable, E: Error>(
  _ body: () throws(E) -> R
) throws(E) -> R {
  let previous = ctq_float_environment_enter()
  defer { ctq_float_environment_leave(previous) }
  return try body()
}

/// Runs `body` with subnormal numbers flushed to zero; for tests.
package func withFlushToZero<R: ~Copyable, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
  let previous = ctq_float_environment_flush_to_zero()
  defer { ctq_float_environment_leave(previous) }
  return try body()
}
