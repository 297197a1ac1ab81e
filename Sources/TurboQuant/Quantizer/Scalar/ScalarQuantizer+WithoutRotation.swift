internal import TurboQuantKernels

extension ScalarQuantizer {
  /// ‖x − ŷ‖² for the codes of `x` itself, without a rotation.
  ///
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  /// - Precondition: `x` has ``dimension`` coordinates.
  package func squaredErrorWithoutRotation(of x: Span<Float>) throws(CodecError) -> Double {
    precondition(x.count == dimension, "\(x.count) floats, expected \(dimension)")
    let kernels = try Kernels.current()
    var work = Workspace(dimension: dimension)
    work.load(x)
    var row = [UInt8](repeating: 0, count: byteCount)
    var target = row.mutableSpan
    return withStandardFloatEnvironment {
      _ = quantize(kernels, &work, scale: 1, into: &target, at: 0, keepsResidual: true)
      return Double(kernels.sumOfSquares(work.back, count: dimension))
    }
  }
}
