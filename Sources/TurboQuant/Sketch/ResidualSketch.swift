internal import TurboQuantKernels

/// Stage 2: the signs of a vector's projections on m random directions (QJL, arXiv 2406.03482).
///
/// For a vector r and a query q, c · ‖r‖ / m · ⟨sign(Jr), Jq⟩ estimates ⟨r, q⟩. If J is Gaussian or
/// Haar-orthogonal, the estimate is unbiased over J for every fixed r. J is regenerated from the
/// seed.
public struct ResidualSketch: Sendable {
  /// The number of coordinates.
  public let dimension: Int
  /// The number of directions m, one sign bit each.
  public let directions: Int
  /// How the directions are built.
  public let kind: SketchKind
  private let form: Form

  /// The directions, in blocks of up to `dimension`.
  private enum Form: Sendable {
    /// Matrices one after another, each column by column.
    ///
    /// A Gaussian matrix has a row for each direction of its block, an orthogonal matrix `dimension` rows.
    case dense(columns: [Float])
    /// One rotation per block; its first rows are the directions.
    case hadamard([HadamardRotation])
    /// Another form, drawn when it is first needed.
    case later(Deferred<Form>)
  }

  /// Creates the sketch of `directions` directions (`dimension` if nil) that `seed` determines.
  ///
  /// - Throws: ``CodecError`` for a dimension or a number of directions outside 1 … 2²⁴, or a dense
  ///   matrix of more than 2²⁶ entries.
  /// - Complexity: O(d) per block of d structured directions. The other kinds take O(md) memory,
  ///   and orthogonal ones O(d³) per block.
  public init(
    dimension: Int, directions: Int? = nil, kind: SketchKind = .structured, seed: UInt64
  ) throws(CodecError) {
    self = try ResidualSketch(
      drawnLater: dimension, directions: directions ?? dimension, kind: kind, seed: seed
    ).drawn
  }

  /// Creates the same sketch, drawn when it is first needed.
  init(
    drawnLater dimension: Int, directions: Int, kind: SketchKind, seed: UInt64
  ) throws(CodecError) {
    try CodecError.check(dimension: dimension)
    try CodecError.check(directions: directions)
    if kind != .gaussian {
      let rotation = ResidualSketch.rotationKind(kind, dimension: dimension)
      try CodecError.check(rotation: rotation, dimension: dimension)
    }
    if kind != .structured || dimension <= 64 {
      try CodecError.check(matrixOf: directions, by: dimension)
    }
    self.dimension = dimension
    self.directions = directions
    self.kind = kind
    form = .later(
      Deferred {
        ResidualSketch.form(dimension: dimension, directions: directions, kind: kind, seed: seed)
      })
  }

  private init(dimension: Int, directions: Int, kind: SketchKind, form: Form) {
    (self.dimension, self.directions) = (dimension, directions)
    (self.kind, self.form) = (kind, form)
  }

  /// The kind of rotation for the blocks of a sketch that is not Gaussian.
  private static func rotationKind(_ kind: SketchKind, dimension: Int) -> RotationKind {
    kind == .orthogonal ? .haar : .standard(forDimension: dimension)
  }

  private static func form(
    dimension: Int, directions: Int, kind: SketchKind, seed: UInt64
  ) -> Form {
    var columns: [Float] = []
    var rotations: [HadamardRotation] = []
    for (number, start) in stride(from: 0, to: directions, by: dimension).enumerated() {
      // Each block has its own stream.
      var stream = RandomStream(seed: seed, purpose: .sketch, number: UInt32(number))
      switch (kind, rotationKind(kind, dimension: dimension)) {
      case (.gaussian, _):
        let count = min(dimension, directions - start)
        for _ in 0..<count * dimension { columns.append(Float(stream.nextNormal())) }
      case (_, .haar): columns += Orthogonal.haar(dimension: dimension, from: &stream)
      case (_, .hadamard):
        rotations.append(HadamardSteps.rotation(dimension: dimension, from: &stream))
      }
    }
    return rotations.isEmpty ? .dense(columns: columns) : .hadamard(rotations)
  }

  /// This sketch with everything drawn, for loops over rows.
  var drawn: ResidualSketch {
    guard case .later(let later) = form else { return self }
    return ResidualSketch(
      dimension: dimension, directions: directions, kind: kind, form: later.value)
  }

  private var blockCount: Int { (directions + dimension - 1) / dimension }

  /// The number of directions in block `number`.
  private func count(ofBlock number: Int) -> Int {
    min(dimension, directions - number * dimension)
  }

  /// Bytes of sign bits per vector.
  public var byteCount: Int { (directions + 7) / 8 }

  /// The factor of ‖r‖ · ⟨sign(Jr), Jq⟩ that makes the estimate unbiased.
  ///
  /// J's rows are those that are kept: of normal entries, or of unit length. The factor is √(π/2)/m
  /// for Gaussian rows (QJL, Lemma 3.2). For rows √d·u with u uniform on the sphere it is
  /// 1/(√d·E|u₁|·m); keeping u instead of √d·u cancels the √d.
  public var scale: Double {
    let m = Double(directions)
    guard kind != .gaussian else { return squareRoot(Double.pi / 2) / m }
    return 1 / (Portable.meanAbsoluteCoordinate(dimension: dimension) * m)
  }

  /// The variance of the estimate over J, divided by ‖r‖²‖q‖², for vectors at the given cosine.
  ///
  /// For Gaussian rows it is (π/2 − ρ²)/m (QJL, Lemma 3.5). For orthogonal rows it is the exact
  /// value that Documentation/Numerics.md derives; as d grows,
  /// ((1 − ρ²)(π/2 − k/d) + ρ²(π/2 − 1 − k/2d))/m with blocks of k rows.
  public func relativeVariance(atCosine cosine: Double) -> Double {
    relativeError.variance(at: cosine)
  }

  /// ``relativeVariance(atCosine:)`` at every cosine.
  var relativeError: CosineError {
    let m = Double(directions)
    guard kind != .gaussian else {
      return CosineError(across: Double.pi / 2 / m, along: (Double.pi / 2 - 1) / m)
    }
    // One dimension has one direction and no variance.
    guard dimension > 1 else { return CosineError(everywhere: 0) }
    let d = Double(dimension)
    let mean = Portable.meanAbsoluteCoordinate(dimension: dimension)
    // Let a and w be uniform and at right angles. A row then gives ρ|a₁| + √(1 − ρ²)·sign(a₁)w₁,
    // where E a₁² = E w₁² = 1/d, E|a₁a₂| = 2/πd, and given a, E w₁w₂ = −a₁a₂/(d − 1).
    let pair = 2 / (Double.pi * d)
    func error(ofBlockOf count: Int) -> CosineError {
      let k = Double(count)
      let along = k / d + k * (k - 1) * pair
      let across = k / d - k * (k - 1) * pair / (d - 1)
      let own = CosineError(across: across, along: along - k * k * mean * mean)
      return own.scaled(by: 1 / (mean * m))
    }
    // Whole blocks have the same error and are independent.
    let whole = error(ofBlockOf: dimension).scaled(by: squareRoot(Double(directions / dimension)))
    return whole + error(ofBlockOf: directions % dimension)
  }

  /// sign(J · `r`), one bit per direction, least significant bit of each byte first; 1 means ≥ 0.
  ///
  /// - Throws: ``CodecError`` when `r` does not have ``dimension`` coordinates, or `TQ_TARGET`
  ///   names a target that cannot run here.
  /// - Complexity: O(d log d) per block of d structured directions, O(md) for the other kinds.
  public func signs(of r: Span<Float>) throws(CodecError) -> [UInt8] {
    try CodecError.check(count: r.count, isOneVectorOf: dimension)
    let kernels = try Kernels.current()
    var work = Workspace(dimension: dimension)
    work.load(r)
    work.swap()
    var bits = [UInt8](repeating: 0, count: byteCount)
    var span = bits.mutableSpan
    withStandardFloatEnvironment { packSigns(kernels, &work, into: &span, at: 0) }
    return bits
  }

  /// J · `q`, the query's side of the estimate, scaled as for ``scale``.
  ///
  /// - Throws: ``CodecError`` as ``signs(of:)-(Span<Float>)``.
  /// - Complexity: As ``signs(of:)-(Span<Float>)``.
  public func project(_ q: Span<Float>) throws(CodecError) -> [Float] {
    try CodecError.check(count: q.count, isOneVectorOf: dimension)
    let kernels = try Kernels.current()
    var projections: [Float] = []
    var work = Workspace(dimension: dimension)
    for block in 0..<blockCount {
      work.load(q)
      work.swap()
      withStandardFloatEnvironment { multiply(kernels, block, &work) }
      for i in 0..<count(ofBlock: block) { projections.append(work.front.span[i]) }
    }
    return projections
  }

  /// Jᵀ · s with one sign bit per direction: the direction of the linear reconstruction.
  func transposed(_ bits: RawSpan) throws(CodecError) -> [Float] {
    let kernels = try Kernels.current()
    var total = [Float](repeating: 0, count: dimension)
    var work = Workspace(dimension: dimension)
    for block in 0..<blockCount {
      let (start, count) = (block * dimension, count(ofBlock: block))
      var signs = work.front.mutableSpan
      for i in 0..<dimension {
        let bit = start + i
        let isPositive = i < count && bits.byte(at: bit / 8) >> UInt8(bit % 8) & 1 == 1
        signs[i] = i >= count ? 0 : isPositive ? 1 : -1
      }
      withStandardFloatEnvironment { multiplyTransposed(kernels, block, &work) }
      for i in 0..<dimension { total[i] += work.front.span[i] }
    }
    return total
  }

  /// Packs sign(J · `work.back`) into `bits` from byte `offset` on; overwrites the workspace.
  func packSigns(
    _ kernels: Kernels, _ work: inout Workspace, into bits: inout MutableSpan<UInt8>,
    at offset: Int
  ) {
    guard blockCount > 1 else {
      multiply(kernels, 0, &work)
      kernels.packSigns(work.front, count: directions, into: &bits, at: offset)
      return
    }
    // Later blocks need the vector again, and may begin within a byte.
    var original = FloatBuffer(count: dimension)
    copy(work.back, into: &original)
    for i in 0..<byteCount { bits[offset + i] = 0 }
    for block in 0..<blockCount {
      let start = block * dimension
      copy(original, into: &work.back)
      multiply(kernels, block, &work)
      let projections = work.front.span
      for i in 0..<count(ofBlock: block) where projections[i] >= 0 {
        bits[offset + (start + i) / 8] |= 1 << UInt8((start + i) % 8)
      }
    }
  }

  /// `work.front` ← the directions of block `number` times `work.back`.
  private func multiply(_ kernels: Kernels, _ number: Int, _ work: inout Workspace) {
    switch form {
    case .later: drawn.multiply(kernels, number, &work)
    case .dense(let columns):
      let (own, rowCount) = matrix(number, of: columns.count)
      kernels.multiply(
        columns: columns.span.extracting(own), rowCount: rowCount, work.back, into: &work.front)
    case .hadamard(let rotations):
      work.swap()
      kernels.rotate(rotations[number], &work.front)
    }
  }

  /// `work.front` ← the transposed directions of block `number` times `work.front`.
  private func multiplyTransposed(_ kernels: Kernels, _ number: Int, _ work: inout Workspace) {
    switch form {
    case .later: drawn.multiplyTransposed(kernels, number, &work)
    case .dense(let columns):
      let (own, rowCount) = matrix(number, of: columns.count)
      kernels.multiplyTransposed(
        columns: columns.span.extracting(own), rowCount: rowCount, work.front, into: &work.back)
      work.swap()
    case .hadamard(let rotations): kernels.rotateTransposed(rotations[number], &work.front)
    }
  }

  /// Where the matrix of block `number` lies among `count` entries, and how many rows it has.
  private func matrix(_ number: Int, of count: Int) -> (entries: Range<Int>, rowCount: Int) {
    let start = number * dimension * dimension
    let end = min(count, start + dimension * dimension)
    return (start..<end, (end - start) / dimension)
  }

  private func copy(_ source: borrowing FloatBuffer, into target: inout FloatBuffer) {
    let values = source.span
    var output = target.mutableSpan
    for i in 0..<dimension { output[i] = values[i] }
  }
}
