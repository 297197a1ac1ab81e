internal import CTurboQuantKernels

/// The bits of the IEEE binary16 nearest to `value`, ties to even; beyond its range the largest finite
/// one, since what is stored must stay a number.
///
/// By bits, because not every platform has the type.
package func halfPrecision(_ value: Float) -> UInt16 { ctq_float16_of(value) }
