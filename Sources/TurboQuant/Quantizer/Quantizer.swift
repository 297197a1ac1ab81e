/// What a codec stores of a rotated vector.
public enum Quantizer: Sendable, Hashable {
  /// Codes of every coordinate at the codec's rate (stage 1 alone; TurboQuant, Algorithm 1).
  case scalar
  /// Codes at one bit less, and signs of the residual's projections (TurboQuant, Algorithm 2).
  ///
  /// `directions` is the number of projections, the dimension if nil.
  case twoStage(sketch: SketchKind = .structured, directions: Int? = nil)
  /// Signs of the vector's own projections, and nothing else (QJL, arXiv 2406.03482).
  ///
  /// `directions` is the number of projections; if nil, the rate times the dimension.
  case qjl(sketch: SketchKind = .structured, directions: Int? = nil)
  /// Angles of the recursive polar transform, and a float16 radius a block (PolarQuant, arXiv 2502.02617).
  ///
  /// `bits` are those of an angle, level by level, and as many as there are levels; a block has 2^levels
  /// coordinates. If nil, a rate of b = 3 … 8 stands for four levels of b, b − 2, b − 2 and b − 2 bits: at 4
  /// the paper's, 3⅞ bits a coordinate with the radii.
  case polar(bits: [Int]? = nil)

  /// The name used on the command line and in messages.
  public var name: String {
    switch self {
    case .scalar: "scalar"
    case .twoStage: "two-stage"
    case .qjl: "qjl"
    case .polar: "polar"
    }
  }

  /// The number of sketch directions, 0 without a sketch.
  func directions(dimension: Int, rate: Rate) -> Int {
    switch self {
    case .scalar, .polar: 0
    case .twoStage(_, let directions): directions ?? dimension
    case .qjl(_, let directions):
      // Beyond 32 bits where the rate and the dimension are the largest.
      directions ?? Int(clamping: (Int64(rate.halfBits) * Int64(dimension) + 1) / 2)
    }
  }

  /// Bits of a polar angle, level by level; nil for the other quantizers and for rates that stand for none.
  func polarBits(rate: Rate) -> [Int]? {
    guard case .polar(let bits) = self else { return nil }
    guard bits == nil else { return bits }
    guard rate.halfBits % 2 == 0, (6...16).contains(rate.halfBits) else { return nil }
    let first = rate.halfBits / 2
    return [first, first - 2, first - 2, first - 2]
  }
}

/// Which lengths a codec keeps.
public enum Normalization: UInt8, Sendable, Hashable, CaseIterable {
  /// Every row stores its norm.
  case norm = 1
  /// Rows are taken as directions, with norm 1 and nothing stored: the cosine metric.
  case unit = 2
}
