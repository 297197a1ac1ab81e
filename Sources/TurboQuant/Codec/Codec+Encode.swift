internal import TurboQuantKernels

extension Codec {
  /// Encodes rows × ``dimension`` floats.
  ///
  /// - Throws: ``CodecError`` when the floats are not a whole number of vectors, or when a row
  ///   holds a NaN or an infinity, has a length beyond float32, or is zero where only directions
  ///   are stored. Nothing is returned then.
  /// - Complexity: O(d log d) per row with the Hadamard rotation, O(d²) with the Haar rotation.
  public func encode(_ vectors: Span<Float>) throws(CodecError) -> CodeMatrix {
    let count = try rowCount(of: vectors.count)
    var bytes = [UInt8](repeating: 0, count: count * bytesPerVector)
    var rows = bytes.mutableSpan
    try encode(vectors, into: &rows)
    return try CodeMatrix(unidentified: bytes, of: self)
  }

  /// Encodes rows × ``dimension`` floats into `rows`, ``bytesPerVector`` bytes each.
  ///
  /// - Throws: ``CodecError`` as ``encode(_:)-(Span<Float>)``, and when `rows` has the wrong
  ///   length. Earlier rows may have been written by then.
  /// - Complexity: O(d log d) per row with the Hadamard rotation, O(d²) with the Haar rotation.
  public func encode(
    _ vectors: Span<Float>, into rows: inout MutableSpan<UInt8>
  ) throws(CodecError) {
    let count = try rowCount(of: vectors.count)
    guard rows.count == count * bytesPerVector else {
      throw CodecError(.rowLengthMismatch(found: rows.count, bytesPerVector: bytesPerVector))
    }
    var work = Workspace(dimension: dimension)
    let (rotation, stage) = (rotation.drawn, stage.drawn)
    try withStandardFloatEnvironment { () throws(CodecError) in
      for row in 0..<count {
        let x = vectors.extracting(row * dimension..<(row + 1) * dimension)
        try encode(
          x, rotation, stage, row: row, into: &rows, at: row * bytesPerVector, &work)
      }
    }
  }

  #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    /// Encodes rows × ``dimension`` half-precision floats to the same bytes as their float32 values.
    ///
    /// - Throws: ``CodecError`` as ``encode(_:)-(Span<Float>)``.
    /// - Complexity: O(d log d) per row with the Hadamard rotation, O(d²) with the Haar rotation.
    @_disfavoredOverload
    public func encode(_ vectors: Span<Float16>) throws(CodecError) -> CodeMatrix {
      let count = try rowCount(of: vectors.count)
      var bytes = [UInt8](repeating: 0, count: count * bytesPerVector)
      var rows = bytes.mutableSpan
      var work = Workspace(dimension: dimension)
      var wide = [Float](repeating: 0, count: dimension)
      let (rotation, stage) = (rotation.drawn, stage.drawn)
      try withStandardFloatEnvironment { () throws(CodecError) in
        for row in 0..<count {
          var target = wide.mutableSpan
          kernels.widen(
            vectors.extracting(row * dimension..<(row + 1) * dimension), into: &target)
          try encode(
            wide.span, rotation, stage, row: row, into: &rows, at: row * bytesPerVector, &work)
        }
      }
      return try CodeMatrix(unidentified: bytes, of: self)
    }
  #endif

  private func rowCount(of floatCount: Int) throws(CodecError) -> Int {
    guard floatCount % dimension == 0 else {
      throw CodecError(.lengthMismatch(found: floatCount, dimension: dimension))
    }
    return floatCount / dimension
  }

  private func encode(
    _ x: Span<Float>, _ rotation: Rotation, _ stage: any Stage, row: Int,
    into rows: inout MutableSpan<UInt8>, at start: Int, _ work: inout Workspace
  ) throws(CodecError) {
    let (norm, inverse) = try length(of: x, row: row, &work)
    rotation.rotate(kernels, &work)
    stage.quantize(kernels, &work, norm: norm, inverse: inverse, into: &rows, at: start, layout)
    rows.store(norm, at: layout.norm.map { start + $0 })
  }

  /// Copies `x`, scaled by a power of two, to `work.front`.
  ///
  /// Returns the norm that the row stores (1 for a direction) and the inverse of the scaled length.
  private func length(
    of x: Span<Float>, row: Int, _ work: inout Workspace
  ) throws(CodecError) -> (norm: Float, inverse: Float) {
    let keepsNorm = normalization == .norm
    switch kernels.normalize(x, into: &work.front) {
    case .finite(let norm, let inverse):
      guard norm > 0 || keepsNorm else { throw CodecError(.zeroVector(row: row)) }
      return (keepsNorm ? norm : 1, inverse)
    case .overflow(let inverse):
      // The cosine metric stores only the direction, so any length is allowed.
      guard !keepsNorm else { throw CodecError(.normOverflow(row: row)) }
      return (1, inverse)
    case .notFinite:
      let column = x.indices.first { !x[$0].isFinite } ?? 0
      throw CodecError(.notFinite(value: x[column], row: row, column: column))
    }
  }
}

extension MutableSpan<UInt8> {
  /// Stores a little-endian float32 at `offset`; does nothing if `offset` is nil.
  mutating func store(_ value: Float, at offset: Int?) {
    guard let offset else { return }
    let bits = value.bitPattern
    for i in 0..<4 { self[offset + i] = UInt8(truncatingIfNeeded: bits >> UInt32(8 * i)) }
  }
}
