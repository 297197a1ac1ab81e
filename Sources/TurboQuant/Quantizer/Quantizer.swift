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

  /// The name used on the command line and in messages.
  public var name: String {
    switch self {
    case .scalar: "scalar"
    case .twoStage: "two-stage"
    case .qjl: "qjl"
    }
  }

  /// The number of sketch directions, 0 without a sketch.
  func directions(dimension: Int, rate: Rate) -> Int {
    switch self {
    case .scalar: 0
    case .twoStage(_, let directions): directions ?? dimension
    case .qjl(_, let directions): directions ?? (rate.halfBits * dimension + 1) / 2
    }
  }
}

/// Which lengths a codec keeps.
public enum Normalization: UInt8, Sendable, Hashable, CaseIterable {
  /// Every row stores its norm.
  case norm = 1
  /// Rows are taken as directions, with norm 1 and nothing stored: the cosine metric.
  case unit = 2
}
