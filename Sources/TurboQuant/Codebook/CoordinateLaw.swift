internal import TurboQuantKernels

/// The law of one coordinate, given by its integrals over intervals of the positive half line.
///
/// Laws are symmetric about 0. They need not be normalised, because every use divides by a mass.
public enum CoordinateLaw: Sendable, Hashable {
  /// A coordinate of a uniform unit vector: density ∝ (1 − t²)^((d−3)/2) on [−1, 1], d ≥ 2.
  ///
  /// TurboQuant, Lemma 1. In units of 1/√d it tends to the standard normal law.
  case sphere(dimension: Int)
  /// The standard normal law, the limit of √d · t for the sphere as d grows.
  case gaussian
}

extension CoordinateLaw: IntervalLaw {
  var lowerEnd: Double { 0 }

  /// The end of the law's support, or a point beyond which less than 1e−30 of the mass lies.
  package var upperEnd: Double {
    switch self {
    case .sphere: 1
    case .gaussian: 12
    }
  }

  var bulkEnd: Double { min(upperEnd, 8 * scale) }

  /// The standard deviation.
  package var scale: Double {
    switch self {
    case .sphere(let d): 1 / squareRoot(Double(d))
    case .gaussian: 1
    }
  }

  /// The density, up to the law's constant factor.
  func density(_ t: Double) -> Double {
    switch self {
    case .sphere(let d):
      let s = (1 - t) * (1 + t)
      return d == 2 ? 1 / squareRoot(s) : Portable.power(s, halves: d - 3)
    case .gaussian: return Portable.exp(-t * t / 2)
    }
  }

  /// ∫ g(t) f(t) dt over `a` … `b`, 0 ≤ a ≤ b ≤ upperEnd, for a smooth g.
  package func integral(
    from a: Double, to b: Double, _ g: (Double) -> Double = { _ in 1 }
  ) -> Double {
    switch self {
    case .sphere(let d):
      // With t = 1 − s² the weight is 2s (s²(2 − s²))^((d−3)/2) ds: smooth up to the end of the
      // support for every d ≥ 2, the arcsine law included.
      return GaussLegendre.integrate(
        from: squareRoot(1 - b), to: squareRoot(1 - a), panel: min(1, 4 * scale) / 8
      ) { s in
        let rest = 2 - s * s
        let weight =
          d == 2 ? 2 / squareRoot(rest) : 2 * s * Portable.power(s * s * rest, halves: d - 3)
        return weight * g(1 - s * s)
      }
    case .gaussian:
      return GaussLegendre.integrate(from: a, to: b, panel: 0.5) { density($0) * g($0) }
    }
  }

  /// ∫ t f(t) dt over `a` … `b`, in closed form.
  func firstMoment(from a: Double, to b: Double) -> Double {
    switch self {
    case .sphere(let d):
      func tail(_ t: Double) -> Double { Portable.power((1 - t) * (1 + t), halves: d - 1) }
      return (tail(a) - tail(b)) / Double(d - 1)
    case .gaussian: return density(a) - density(b)
    }
  }
}
