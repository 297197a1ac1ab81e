internal import TurboQuant

extension Originals {
  /// The error of `score`, which compares `q` with an original `x`.
  ///
  /// Originals of float32 are exact. A coordinate of float16 is off by up to h = 2⁻¹¹ of the power of two below it,
  /// uniformly, hence with variance h²/3. To first order the score's variance is Σ s²h²/3, with s its slope in the
  /// coordinate. The second order shifts the score by up to Σ h²/3 times its curvature.
  func error(of score: Double, _ metric: Metric, _ x: [Float], _ q: [Float]) -> EstimateError {
    guard self == .float16 else {
      return EstimateError(of: score, standardDeviation: 0, range: metric.range)
    }
    let (xNorm, qNorm) = (Originals.length(x), Originals.length(q))
    var (first, second) = (0.0, 0.0)
    for i in x.indices {
      let (a, b) = (Double(x[i]), Double(q[i]))
      let half = Originals.halfStep(of: x[i])
      let variance = half * half / 3
      second += variance
      let slope: Double
      switch metric {
      case .innerProduct: slope = b
      case .squaredEuclidean: slope = 2 * (a - b)
      case .cosine:
        slope = xNorm > 0 && qNorm > 0 ? (b / qNorm - score * a / xNorm) / xNorm : 0
      }
      first += slope * slope * variance
    }
    let shift: Double
    switch metric {
    case .innerProduct: shift = 0
    case .squaredEuclidean: shift = second
    case .cosine: shift = xNorm > 0 ? second / (2 * xNorm * xNorm) : 0
    }
    let float32 = 0x1p-24 * abs(score)
    return EstimateError(
      of: score,
      standardDeviation: (first + shift * shift + float32 * float32).squareRoot(),
      range: metric.range)
  }

  private static func length(_ x: [Float]) -> Double {
    x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// Half the distance to the next float16; below 2⁻¹⁴ all are 2⁻²⁴ apart.
  private static func halfStep(of x: Float) -> Double {
    let exponent = x == 0 ? -14 : max(-14, Int(x.exponent))
    return Double(sign: .plus, exponent: exponent - 11, significand: 1)
  }
}
