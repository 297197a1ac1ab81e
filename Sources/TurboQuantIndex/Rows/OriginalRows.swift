internal import TurboQuant
internal import TurboQuantKernels

/// Vectors to be stored for exact comparison.
struct OriginalRows: Sendable {
  private let vectors: [Float]
  private let originals: Originals?
  private let kernels: Kernels

  /// Vectors to be stored in the form that `originals` names; not at all if it is nil.
  ///
  /// - Throws: ``IndexError`` for a row that float16 cannot hold.
  init(
    _ vectors: [Float], _ originals: Originals?, dimension: Int, _ kernels: Kernels
  ) throws(IndexError) {
    if originals == .float16 {
      // If a coordinate is not finite, the codec reports which.
      let range = Float16Range(dimension: dimension, kernels)
      if let (row, column) = range.firstMisfit(vectors.span) {
        throw .beyondHalfPrecision(vectors[row * dimension + column], row: row, column: column)
      }
    }
    self.vectors = vectors
    self.originals = originals
    self.kernels = kernels
  }

  /// Writes coordinates in their stored form to byte `offset` of `target`; coordinates are numbered over all rows.
  func write(_ places: Range<Int>, to target: inout MutableRawSpan, at offset: Int) {
    let some = vectors.span.extracting(places)
    switch originals {
    case .float32: target.copyBytes(of: some.raw, to: offset)
    case .float16: kernels.narrow(some, into: &target, at: offset)
    case nil: break
    }
  }
}
