package import TurboQuantKernels

/// Maps the angles of a rotated unit vector to the nearest centroids of their laws; keeps a float16 radius per block.
///
/// PolarQuant, arXiv 2502.02617. The quantizer is stateless; all seeds of one dimension and bits share it.
public struct PolarQuantizer: Sendable {
  /// The angles of one level; their codes begin on a whole byte.
  public struct Level: Sendable {
    /// The number of angles.
    public let angleCount: Int
    /// Where the level's codes begin within the row, in bytes.
    public let byteOffset: Int
    /// The codebook of all angles, or of all but the last.
    public let codebook: AngleCodebook
    /// The codebook of the last angle, if its second half is smaller than the others.
    public let lastCodebook: AngleCodebook?

    /// The codebooks with the angles that they serve.
    var codebooks: [(codebook: AngleCodebook, angles: Range<Int>)] {
      guard let lastCodebook else { return [(codebook, 0..<angleCount)] }
      return [(codebook, 0..<angleCount - 1), (lastCodebook, angleCount - 1..<angleCount)]
    }
  }

  /// The number of coordinates.
  public let dimension: Int
  /// The levels, from pairs of coordinates up.
  public let levels: [Level]
  /// E⟨û, ŷ⟩, the expected length of ŷ along the unit vector û: 1 − D/2.
  public let expectedAlignment: Double
  /// Var⟨û, ŷ⟩ from row to row.
  let alignmentVariance: Double
  /// Shape and centroids as the kernels of attention read them.
  package let kernel: KernelAngles
  private let shape: PolarShape
  private let runs: [Run]
  private let codebooks: [AngleCodebook]
  /// The centroids of all codebooks, one after another.
  private let points: [AngleCodebook.Point]

  /// Angles of one level and codebook, in a form that loops over rows need not retain.
  private struct Run {
    let angles: Range<Int>
    let bits: Int
    let byteOffset: Int
    /// Where the codebook begins in ``points``; `codebook` is its place among all codebooks.
    let firstPoint: Int
    let codebook: Int
    /// The number of coordinates or lengths that the level joins, if the run is the level's last, else 0.
    let ends: Int
  }

  /// Bits per angle, level by level.
  public var bits: [Int] { levels.map { $0.codebook.bits } }
  /// The number of blocks, each with a radius.
  public var blockCount: Int { shape.blockCount }
  /// Bytes of packed codes of one vector; its radii follow them.
  public var byteCount: Int { Self.byteCount(dimension: dimension, bits: bits) }

  /// The distortion E‖û − ŷ‖² that theory predicts for every unit vector, rounding of radii aside.
  ///
  /// Angles are independent of each other and of the radii (PolarQuant, Lemma 2). So the distortion
  /// is 2(1 − Π E cos(ψ − ψ̂)), with the product over the levels; unequal halves are weighted by
  /// their share.
  public var distortion: Double { 2 * (1 - expectedAlignment) }

  /// Creates the quantizer of `dimension` coordinates with `bits` per angle, level by level.
  ///
  /// - Throws: ``CodecError`` for a dimension outside 1 … 2²⁴, no levels, a block longer than the
  ///   vector, or bits outside 1 … 8.
  /// - Complexity: The time to solve one codebook per level, and one per unequal last half.
  public init(dimension: Int, bits: [Int]) throws(CodecError) {
    try CodecError.check(dimension: dimension)
    try CodecError.check(polarLevels: bits.count, dimension: dimension)
    try CodecError.check(polarBits: bits)
    let shape = PolarShape(dimension: dimension, levels: bits.count)
    var levels: [Level] = []
    var end = 0
    for (level, count) in zip(1..., bits) {
      let (half, last) = (1 << (level - 1), shape.lastSecondHalf(level))
      let codebook = AngleCodebook(law: AngleLaw(first: half, second: half), bits: count)
      levels.append(
        Level(
          angleCount: shape.angleCount(level), byteOffset: end, codebook: codebook,
          lastCodebook: last == half
            ? nil : AngleCodebook(law: AngleLaw(first: half, second: last), bits: count)))
      end += (shape.angleCount(level) * count + 7) / 8
    }
    self.dimension = dimension
    self.levels = levels
    self.shape = shape
    (expectedAlignment, alignmentVariance) = Self.alignment(shape, levels)
    codebooks = levels.flatMap { $0.codebooks.map { $0.codebook } }
    points = codebooks.flatMap { $0.points }
    runs = Self.runs(shape, levels)
    kernel = KernelAngles(
      dimension: dimension,
      levels: levels.map { level in
        KernelAngles.Level(
          bits: level.codebook.bits, count: level.angleCount, byteOffset: level.byteOffset,
          points: level.codebook.points.map { ($0.cosine, $0.sine) },
          lastPoints: level.lastCodebook?.points.map { ($0.cosine, $0.sine) })
      },
      radiiOffset: end)
  }

  private static func runs(_ shape: PolarShape, _ levels: [Level]) -> [Run] {
    var runs: [Run] = []
    var firstPoint = 0
    for (number, level) in levels.enumerated() {
      for (codebook, angles) in level.codebooks {
        runs.append(
          Run(
            angles: angles, bits: codebook.bits, byteOffset: level.byteOffset,
            firstPoint: firstPoint, codebook: runs.count,
            ends: angles.upperBound == level.angleCount ? shape.count(after: number) : 0))
        firstPoint += codebook.points.count
      }
    }
    return runs
  }

  /// Bytes of packed codes of one vector, known before any codebook is solved.
  static func byteCount(dimension: Int, bits: [Int]) -> Int {
    let shape = PolarShape(dimension: dimension, levels: bits.count)
    return zip(1..., bits).reduce(0) { $0 + (shape.angleCount($1.0) * $1.1 + 7) / 8 }
  }

  /// The number of blocks, known before any codebook is solved.
  static func blockCount(dimension: Int, bits: [Int]) -> Int {
    PolarShape(dimension: dimension, levels: bits.count).blockCount
  }

  /// Mean and mean square of a random share: how much of its squared length a part of a vector keeps in ⟨û, ŷ⟩.
  private struct Kept {
    var mean = 1.0
    var square = 1.0

    /// The share of two halves together, each weighted by the angle between them.
    static func joined(_ first: Kept, _ second: Kept, _ angle: AngleCodebook.Agreement) -> Kept {
      Kept(
        mean: angle.cosines * first.mean + angle.sines * second.mean,
        square: angle.cosineSquares * first.square + angle.sineSquares * second.square
          + 2 * angle.both * first.mean * second.mean)
    }
  }

  /// The mean of ⟨û, ŷ⟩ and its variance, computed from the coordinates up.
  ///
  /// The share of its length that a part keeps follows from the shares of its halves. Blocks are
  /// weighted by their squared radii: for a block of n coordinates the squared radius has the mean
  /// n/d and the mean square n(n + 2)/d(d + 2).
  private static func alignment(
    _ shape: PolarShape, _ levels: [Level]
  ) -> (mean: Double, variance: Double) {
    // All parts of a level are alike, except the last.
    var (even, last) = (Kept(), Kept())
    for (i, level) in levels.enumerated() {
      if shape.count(after: i) % 2 == 0 {
        last = Kept.joined(even, last, (level.lastCodebook ?? level.codebook).agreement)
      }
      even = Kept.joined(even, even, level.codebook.agreement)
    }
    let d = Double(shape.dimension)
    func meanSquare(_ n: Double) -> Double { n * (n + 2) / (d * (d + 2)) }
    let whole = Double(shape.coordinates(ofBlock: 0))
    let lastShare = Double(shape.coordinates(ofBlock: shape.blockCount - 1))
    let others = Double(shape.blockCount - 1)
    let mean = (even.mean * (d - lastShare) + last.mean * lastShare) / d
    // Given the radii, blocks keep independent shares. The radii add only the difference of the last block.
    let fourth = (even: others * meanSquare(whole), last: meanSquare(lastShare))
    let scatter =
      fourth.even * (even.square - even.mean * even.mean)
      + fourth.last * (last.square - last.mean * last.mean)
    let difference = last.mean - even.mean
    let radii = difference * difference * (fourth.last - lastShare / d * (lastShare / d))
    // A radius is rounded to binary16, by a relative deviation below 2⁻¹¹/√6.
    let rounding = 0x1p-22 / 6 * (fourth.even + fourth.last)
    return (mean, max(0, scatter) + max(0, radii) + rounding)
  }
}

// MARK: Encode

extension PolarQuantizer {
  /// Packs û = `scale` · `work.front` into `row`; overwrites the workspace.
  ///
  /// The codes begin at byte `offset`, the radii at byte `radii`.
  func quantize(
    _ work: inout Workspace, scale: Float, into row: inout MutableSpan<UInt8>, at offset: Int,
    radii: Int
  ) {
    var lengths = work.front.mutableSpan
    for i in 0..<dimension { lengths[i] *= scale }
    var packer = CodePacker()
    for run in runs {
      // The last run of a level continues where the others end.
      if run.angles.lowerBound == 0 { packer = CodePacker(at: offset + run.byteOffset) }
      let codebook = codebooks[run.codebook]
      for i in run.angles {
        let (first, second) = (lengths[2 * i], lengths[2 * i + 1])
        packer.append(codebook.code(x: first, y: second), bits: run.bits, to: &row)
        // Squares of float32 are exact in double precision, so nothing overflows or vanishes.
        lengths[i] = Float(
          squareRoot(Double(first) * Double(first) + Double(second) * Double(second)))
      }
      if run.ends > 0 { packer.finish(&row) }
      // A length without a partner goes to the next level unchanged.
      if run.ends % 2 == 1 { lengths[run.ends / 2] = lengths[run.ends - 1] }
    }
    for block in 0..<blockCount {
      let half = float16Bits(lengths[block])
      row[radii + 2 * block] = UInt8(truncatingIfNeeded: half)
      row[radii + 2 * block + 1] = UInt8(truncatingIfNeeded: half >> 8)
    }
  }
}

// MARK: Decode

extension PolarQuantizer {
  /// `codeword` ← ŷ, the vector that the codes and radii in a row stand for.
  package func dequantize(
    _ kernels: Kernels, _ row: RawSpan, at offset: Int, radii: Int,
    into codeword: inout FloatBuffer
  ) {
    load(kernels, row, radii: radii, into: &codeword)
    var lengths = codeword.mutableSpan
    let points = points.span
    for run in runs.reversed() {
      if run.ends % 2 == 1 { lengths[run.ends - 1] = lengths[run.ends / 2] }
      let reader = CodeReader(row, at: offset + run.byteOffset, bits: run.bits)
      // The loop runs backwards, so no length is overwritten before it is split.
      for i in run.angles.reversed() {
        let (length, point) = (lengths[i], points[run.firstPoint + reader[i]])
        lengths[2 * i + 1] = length * point.sine
        lengths[2 * i] = length * point.cosine
      }
    }
  }

  /// ⟨ŷ, `query`⟩ for rows `stride` bytes apart; the first begins at byte `offset`, its radii `radii` bytes further on.
  ///
  /// Products are joined like lengths in encoding, from pairs of coordinates up, so no row is decoded.
  func products(
    _ kernels: Kernels, _ rows: RawSpan, offset: Int, stride: Int, radii: Int, query: Span<Float>,
    into products: inout MutableSpan<Float>
  ) {
    precondition(query.count == dimension)
    var work = Workspace(dimension: dimension)
    for row in products.indices {
      let start = offset + row * stride
      work.load(query)
      join(&work.front, rows, at: start)
      load(kernels, rows, radii: start + radii, into: &work.back)
      let (parts, lengths) = (work.front.span, work.back.span)
      var sum: Float = 0
      for block in 0..<blockCount { sum += parts[block] * lengths[block] }
      products[row] = sum
    }
  }

  /// Joins the coordinates of `parts` to one product per block.
  private func join(_ parts: inout FloatBuffer, _ rows: RawSpan, at start: Int) {
    var parts = parts.mutableSpan
    let points = points.span
    for run in runs {
      let reader = CodeReader(rows, at: start + run.byteOffset, bits: run.bits)
      for i in run.angles {
        let point = points[run.firstPoint + reader[i]]
        parts[i] = parts[2 * i] * point.cosine + parts[2 * i + 1] * point.sine
      }
      if run.ends % 2 == 1 { parts[run.ends / 2] = parts[run.ends - 1] }
    }
  }

  /// ‖ŷ‖, which equals the norm of the radii.
  func codewordNorm(_ kernels: Kernels, _ row: RawSpan, radii: Int, _ work: inout Workspace)
    -> Double
  {
    load(kernels, row, radii: radii, into: &work.front)
    let lengths = work.front.span
    var square = 0.0
    for block in 0..<blockCount { square += Double(lengths[block]) * Double(lengths[block]) }
    return squareRoot(square)
  }

  /// Loads a row's radii as the first numbers of a buffer.
  private func load(
    _ kernels: Kernels, _ row: RawSpan, radii: Int, into buffer: inout FloatBuffer
  ) {
    let halves = [UInt16](capacity: blockCount) { output in
      for block in 0..<blockCount {
        output.append(row.integer(at: radii + 2 * block, as: UInt16.self))
      }
    }
    var target = buffer.mutableSpan
    kernels.widen(halves.span, into: &target)
  }
}
