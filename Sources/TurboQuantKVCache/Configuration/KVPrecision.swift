public import TurboQuant

/// How the keys or the values of a cache are kept.
public enum KVPrecision: Sendable, Hashable {
  /// Unchanged: 4 bytes per coordinate.
  case float32
  /// Rounded to IEEE binary16: 2 bytes per coordinate.
  ///
  /// It ends at 65,504; an append refuses numbers of 65,520 and more. Numbers below 6.1 · 10⁻⁵ are rounded to steps of
  /// 6 · 10⁻⁸.
  case float16
  /// As codes of `rate`, and one float32 per vector (two for two stages).
  ///
  /// `estimator` decides the one scale that is stored; the quantizer's standard one if nil. Values
  /// must be added up before they are rotated back, so they take the scalar quantizer only. PolarQuant's radii
  /// lie with the codes.
  case codes(Rate, quantizer: Quantizer = .scalar, estimator: Estimator? = nil)

  /// Codes of two rates: a quarter of the channels at `bits` + 1, the others at `bits`.
  ///
  /// The channels with the largest mean square over the first ``KVConfiguration/centerTokens`` tokens beyond the sinks,
  /// less the centre, are the outliers (TurboQuant, §4.3). Each part has its own rotation, norm and scale, so the true
  /// cost is `bits` + ¼ bits per coordinate and 8 bytes per vector; papers call it `bits` + ½.
  case outliers(bits: Int, estimator: Estimator? = nil)

  /// Signs of projections (QJL), of outlier channels and of the others apart, for keys.
  ///
  /// The `outliers` channels with the largest mean square, chosen in the same way, have `outlierDirections` signs
  /// and a norm of their own, the others `directions` (QJL, §4.1): the few outliers get more bits per channel.
  case sketches(
    directions: Int, outliers: Int, outlierDirections: Int, sketch: SketchKind = .orthogonal)

  /// Codes of `bits` bits per coordinate by the scalar quantizer.
  public static func bits(_ bits: Int) -> KVPrecision { .codes(.bits(bits)) }

  /// The precision of `value` bits per coordinate: codes for 1, 1.5, 2 … 8, floats for 16 and 32.
  public init?(bitsPerCoordinate value: Double) {
    switch value {
    case 32: self = .float32
    case 16: self = .float16
    default:
      guard value >= 1, value <= 8, let rate = Rate(bitsPerCoordinate: value) else { return nil }
      self = .codes(rate)
    }
  }

}

extension KVPrecision {
  /// Whether vectors become codes.
  var hasCodes: Bool {
    switch self {
    case .codes, .outliers, .sketches: true
    case .float32, .float16: false
    }
  }

  /// Whether outlier channels are coded apart from the others.
  var hasOutliers: Bool {
    switch self {
    case .outliers, .sketches: true
    case .float32, .float16, .codes: false
    }
  }
}

extension KVPrecision: CustomStringConvertible {
  /// Such as “f16” or “3.5 bits”.
  public var description: String {
    switch self {
    case .float32: "f32"
    case .float16: "f16"
    case .codes(let rate, .scalar, nil): "\(rate) bits"
    case .codes(let rate, let quantizer, nil): "\(rate) bits \(quantizer.name)"
    case .codes(let rate, let quantizer, let estimator?):
      "\(rate) bits \(quantizer.name) \(estimator.rawValue)"
    case .sketches(let directions, let outliers, let outlierDirections, _):
      "\(directions) signs, \(outliers) outliers with \(outlierDirections)"
    case .outliers(let bits, nil): "\(bits).25 bits with outliers"
    case .outliers(let bits, let estimator?): "\(bits).25 bits with outliers \(estimator.rawValue)"
    }
  }
}
