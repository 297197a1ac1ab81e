internal import TurboQuantKernels

/// The law of the angle ψ between the two halves of a part of a uniformly random direction.
///
/// Let the first half have b coordinates and the second half a. Then tan ψ is the ratio of the
/// halves' lengths, and the density is ∝ sin^(a−1) ψ · cos^(b−1) ψ; for equal halves this is
/// PolarQuant, Lemma 2. A half of one coordinate keeps its sign, so ψ runs over the whole circle or
/// half of it, with equal density on both sides.
public struct AngleLaw: Sendable, Hashable {
  /// Coordinates of the first half, b.
  public let first: Int
  /// Coordinates of the second half, a; at most b.
  public let second: Int
  /// The angle of the density's peak.
  private let mode: Double

  /// The possible angles.
  public enum Support: Sendable, Hashable {
    /// [0, 2π): a pair of coordinates.
    case circle
    /// [−π/2, π/2]: the second half is one coordinate.
    case halfCircle
    /// [0, π/2]: both halves are lengths.
    case quarterCircle
  }

  /// Creates the law for halves of `first` and `second` coordinates.
  ///
  /// - Precondition: 1 ≤ `second` ≤ `first` ≤ 2²⁴.
  public init(first: Int, second: Int) {
    precondition(
      second >= 1 && second <= first && first <= CodecError.largestDimension,
      "halves of \(first) and \(second) coordinates")
    self.first = first
    self.second = second
    mode = Portable.angle(x: squareRoot(Double(first - 1)), y: squareRoot(Double(second - 1)))
  }

  /// The possible angles.
  public var support: Support {
    first == 1 ? .circle : second == 1 ? .halfCircle : .quarterCircle
  }

  /// The probability of an angle between `a` and `b`, within ``support``.
  public func probability(from a: Double, to b: Double) -> Double {
    switch support {
    case .circle: return (b - a) / (2 * Double.pi)
    case .halfCircle:
      // Both sides are alike: P(0 … b) − P(0 … a).
      func signed(_ t: Double) -> Double { t < 0 ? -share(upTo: -t) : share(upTo: t) }
      return (signed(b) - signed(a)) / 2
    case .quarterCircle: return share(upTo: b) - share(upTo: a)
    }
  }

  private func share(upTo t: Double) -> Double {
    let end = min(max(t, lowerEnd), upperEnd)
    return integral(from: lowerEnd, to: end) { _ in 1 }
      / integral(from: lowerEnd, to: upperEnd) { _ in 1 }
  }
}

/// The law on [0, π/2], onto which both sides of the half circle fold.
extension AngleLaw: IntervalLaw {
  /// The approximate standard deviation.
  ///
  /// At the peak, the logarithm of the density has the curvature of a normal law with variance 1/(2(a + b − 2)).
  var scale: Double { squareRoot(0.5 / Double(max(1, first + second - 2))) }

  // 17 · `scale` is at least twelve standard deviations, also where the peak is at 0.
  var lowerEnd: Double { max(0, mode - 17 * scale) }
  var upperEnd: Double { min(Double.pi / 2, mode + 17 * scale) }
  var bulkEnd: Double { upperEnd }

  /// The density, 1 at its peak.
  func density(_ t: Double) -> Double {
    let (cosine, sine) = Portable.cosineAndSine(t)
    let (peakCosine, peakSine) = Portable.cosineAndSine(mode)
    var logarithm = 0.0
    if first > 1 {
      guard cosine > 0 else { return 0 }
      logarithm += Double(first - 1) * Portable.log(cosine / peakCosine)
    }
    if second > 1 {
      guard sine > 0 else { return 0 }
      logarithm += Double(second - 1) * Portable.log(sine / peakSine)
    }
    return logarithm < -700 ? 0 : Portable.exp(logarithm)
  }

  func integral(from a: Double, to b: Double, _ g: (Double) -> Double) -> Double {
    GaussLegendre.integrate(from: a, to: b, panel: scale) { density($0) * g($0) }
  }

  func firstMoment(from a: Double, to b: Double) -> Double {
    integral(from: a, to: b) { $0 }
  }
}
