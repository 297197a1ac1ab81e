internal import CTurboQuantKernels

/// The correctly rounded square root, always one instruction.
///
/// `Double.squareRoot()` becomes a call into the C library in debug builds.
package func squareRoot(_ x: Double) -> Double { ctq_square_root(x) }
