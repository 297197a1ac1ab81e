internal import TurboQuantKernels

extension Codec {
  /// The reconstruction of every row: rows × ``dimension`` floats.
  ///
  /// With codes it is ‖x‖ · Rᵀŷ, for every estimator; its expected squared error is
  /// ``distortion`` · ‖x‖². QJL stores only signs. Its reconstruction is the vector whose inner
  /// product with a query is the sketch's unbiased estimate: right on average, but far from each x.
  ///
  /// - Throws: ``CodecError`` when the codes belong to another codec, or a norm or a radius is not a finite number.
  /// - Complexity: O(d log d) per row with the Hadamard rotation, O(d²) with the Haar rotation.
  public func decode(_ codes: CodeMatrix) throws(CodecError) -> [Float] {
    try check(codes)
    var vectors = [Float](repeating: 0, count: codes.count * dimension)
    var target = vectors.mutableSpan
    try decode(rows: codes.bytes.span.raw, into: &target)
    return vectors
  }

  /// Decodes stored rows into rows × ``dimension`` floats.
  ///
  /// - Throws: ``CodecError`` when `rows` is not a whole number of rows, `vectors` does not have
  ///   the length of their vectors, or a norm or a radius is not a finite number. Earlier rows may
  ///   have been decoded by then.
  /// - Complexity: As ``decode(_:)``.
  public func decode(
    rows: RawSpan, into vectors: inout MutableSpan<Float>
  ) throws(CodecError) {
    let count = try rowCount(ofBytes: rows)
    guard vectors.count == count * dimension else {
      throw CodecError(.lengthMismatch(found: vectors.count, dimension: dimension))
    }
    var work = Workspace(dimension: dimension)
    let (rotation, stage) = (rotation.drawn, stage.drawn)
    for row in 0..<count {
      try checkLengths(rows, row: row)
      let start = row * bytesPerVector
      let norm = layout.norm.map { rows.float32(at: start + $0) } ?? 1
      let scale = norm * (try stage.dequantize(kernels, rows, at: start, layout, into: &work))
      withStandardFloatEnvironment { rotation.rotateBack(kernels, &work) }
      let decoded = work.front.span
      for i in 0..<dimension { vectors[row * dimension + i] = scale * decoded[i] }
    }
  }

  /// Refuses codes of another codec.
  package func check(_ codes: CodeMatrix) throws(CodecError) {
    try check(codes.fingerprint)
    // Nothing but the fingerprint of a matrix that was read ties the length of its rows to a codec.
    guard codes.bytesPerVector == bytesPerVector else {
      throw CodecError(
        .rowLengthMismatch(found: codes.bytesPerVector, bytesPerVector: bytesPerVector))
    }
  }

  func check(_ fingerprint: Fingerprint) throws(CodecError) {
    guard fingerprint == self.fingerprint else {
      throw CodecError.mismatch(expected: self.fingerprint, found: fingerprint)
    }
  }

  func rowCount(ofBytes rows: RawSpan) throws(CodecError) -> Int {
    guard rows.byteCount % bytesPerVector == 0 else {
      throw CodecError(
        .rowLengthMismatch(found: rows.byteCount, bytesPerVector: bytesPerVector))
    }
    return rows.byteCount / bytesPerVector
  }
}
