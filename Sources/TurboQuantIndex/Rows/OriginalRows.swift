internal import TurboQuant
internal import TurboQuantKernels

/// Vectors on their way into an index, as it keeps them for exact comparison.
struct OriginalRows: Sendable {
  private let floats: [Float]
  private let halves: [UInt16]

  /// Vectors in the form that `originals` names, nothing if nil.
  init(_ vectors: [Float], _ originals: Originals?, _ kernels: Kernels) {
    floats = originals == .float32 ? vectors : []
    halves = originals == .float16 ? kernels.halves(of: vectors.span) : []
  }

  /// The rows as they are stored.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      if halves.isEmpty { return floats.span.raw }
      return halves.span.raw
    }
  }
}
