internal import TurboQuantKernels

/// Stage 1: maps every coordinate of a rotated unit vector to the nearest centroid of its law.
///
/// It has one segment of coordinates, or two with neighbouring widths for a rate of b.5. It is
/// stateless; all seeds of one dimension and rate share it.
public struct ScalarQuantizer: Sendable {
  /// Consecutive coordinates that share a codebook; their codes begin on a whole byte.
  public struct Segment: Sendable {
    /// The coordinates.
    public let coordinates: Range<Int>
    /// Where the segment's codes begin within the row, in bytes.
    public let byteOffset: Int
    /// The codebook of the coordinates.
    public let codebook: Codebook

    /// Bytes of packed codes.
    public var byteCount: Int { (coordinates.count * codebook.bits + 7) / 8 }
  }

  /// The number of coordinates.
  public let dimension: Int
  /// Bits per coordinate.
  public let rate: Rate
  /// The segments, in order.
  public let segments: [Segment]

  /// Creates the quantizer of `dimension` coordinates at `rate`.
  ///
  /// - Throws: ``CodecError`` for a dimension outside 1 … 2²⁴ or a rate outside 1 … 8.
  /// - Complexity: The time to solve one codebook per width, some milliseconds at 8 bits.
  public init(dimension: Int, rate: Rate) throws(CodecError) {
    try CodecError.check(dimension: dimension)
    guard (2...16).contains(rate.halfBits) else {
      throw CodecError(
        .rateNotOffered(
          rate: rate, quantizer: "scalar", offered: "1, 1.5, 2, … 8 bits"))
    }
    self.dimension = dimension
    self.rate = rate
    let law = CoordinateLaw.sphere(dimension: dimension)
    let lower = Codebook(law: law, bits: rate.halfBits / 2)
    guard rate.halfBits % 2 == 1 else {
      segments = [Segment(coordinates: 0..<dimension, byteOffset: 0, codebook: lower)]
      return
    }
    let split = Self.split(dimension)
    let first = Segment(
      coordinates: 0..<split, byteOffset: 0,
      codebook: Codebook(law: law, bits: lower.bits + 1))
    let second = Segment(
      coordinates: split..<dimension, byteOffset: first.byteCount, codebook: lower)
    segments = split < dimension ? [first, second] : [first]
  }

  /// Takes the quantizer of a stage with the same parameters, or creates one.
  init(dimension: Int, rate: Rate, reusing known: (any Stage)?) throws(CodecError) {
    if let known = known?.scalarQuantizer {
      self = known
    } else {
      try self.init(dimension: dimension, rate: rate)
    }
  }

  /// The number of coordinates that a rate of b.5 stores at b + 1 bits.
  private static func split(_ dimension: Int) -> Int { (dimension + 1) / 2 }

  /// Bytes of packed codes per vector, known before any codebook is solved.
  static func byteCount(dimension: Int, rate: Rate) -> Int {
    let bits = rate.halfBits / 2
    guard rate.halfBits % 2 == 1 else { return (dimension * bits + 7) / 8 }
    let wide = split(dimension)
    return (wide * (bits + 1) + 7) / 8 + ((dimension - wide) * bits + 7) / 8
  }

  /// Bytes of packed codes per vector.
  public var byteCount: Int { Self.byteCount(dimension: dimension, rate: rate) }

  /// The distortion D = E‖û − ŷ‖² that theory predicts for every unit vector.
  public var distortion: Double {
    segments.reduce(0) {
      $0 + $1.codebook.distortion * Double($1.coordinates.count) / Double(dimension)
    }
  }
}

extension ScalarQuantizer {
  /// Packs the codes of û = `scale` · `work.front` into `row` from byte `offset` on; returns ⟨û, ŷ⟩.
  ///
  /// If `keepsResidual` is true, `work.back` receives û − ŷ.
  func quantize(
    _ kernels: Kernels, _ work: inout Workspace, scale: Float, into row: inout MutableSpan<UInt8>,
    at offset: Int, keepsResidual: Bool
  ) -> Float {
    var alignment: Float = 0
    // The loop is by index, because a copied segment retains and releases every table, for each row.
    for i in segments.indices {
      let (codebook, range) = (segments[i].codebook.kernel, segments[i].coordinates)
      let start = offset + segments[i].byteOffset
      alignment +=
        keepsResidual
        ? kernels.quantize(
          codebook, work.front, range, scale: scale, codes: &row, at: start, residual: &work.back)
        : kernels.quantize(codebook, work.front, range, scale: scale, codes: &row, at: start)
    }
    return alignment
  }

  /// `work.front` ← ŷ, the centroids of the codes in `row`.
  func dequantize(_ kernels: Kernels, _ row: RawSpan, at offset: Int, into work: inout Workspace) {
    for segment in segments {
      kernels.dequantize(
        segment.codebook.kernel, row, at: offset + segment.byteOffset, into: &work.front,
        segment.coordinates)
    }
  }
}

// MARK: Search

extension ScalarQuantizer {
  /// ⟨ŷ, `query`⟩ of every row; rows begin `stride` bytes apart.
  func products(
    _ kernels: Kernels, _ rows: RawSpan, stride: Int, query: Span<Float>
  ) -> [Float] {
    let count = rows.byteCount / stride
    var products = [Float](repeating: 0, count: count)
    // A second segment's sums are added to the first segment's.
    for (i, segment) in segments.enumerated() {
      var sums = [Float](repeating: 0, count: count)
      var target = sums.mutableSpan
      kernels.codeProducts(
        segment.codebook.kernel, rows: rows, offset: segment.byteOffset, stride: stride,
        query: query, segment.coordinates, into: &target)
      if i == 0 {
        products = sums
      } else {
        for row in sums.indices { products[row] += sums[row] }
      }
    }
    return products
  }

  /// ‖ŷ‖ of the row at byte `start`; it is not stored, because the codes determine it.
  func codewordNorm(
    _ kernels: Kernels, _ rows: RawSpan, at start: Int, _ work: inout Workspace
  ) -> Double {
    dequantize(kernels, rows, at: start, into: &work)
    return squareRoot(Double(kernels.sumOfSquares(work.front, count: dimension)))
  }
}

// MARK: Record

extension ScalarQuantizer {
  /// The codebooks, as a codec's record lists them.
  var recordedCodebooks: [RecordedCodebook] {
    segments.map {
      RecordedCodebook(
        range: $0.coordinates, bits: $0.codebook.bits, byteOffset: $0.byteOffset,
        centroids: $0.codebook.centroids, boundaries: $0.codebook.boundaries)
    }
  }

  /// Where the codes lie within a row.
  var packedNumbers: [PackedNumbers] {
    segments.map {
      PackedNumbers(
        byteOffset: $0.byteOffset, count: $0.coordinates.count, bits: $0.codebook.bits)
    }
  }
}
