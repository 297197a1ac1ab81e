internal import TurboQuant

/// The upper tail of the standard normal law.
enum NormalTail {
  /// P(Z > z) for z ≥ 0, to 1e−9 relative.
  static func probability(beyond z: Double) -> Double {
    let density = Portable.exp(-z * z / 2) * 0.398_942_280_401_432_7
    if z < 1.5 {
      // Φ(z) − ½ = φ(z)(z + z³/3 + z⁵/(3·5) + …)
      var (term, sum) = (z, z)
      for k in 1...40 {
        term *= z * z / Double(2 * k + 1)
        sum += term
      }
      return 0.5 - density * sum
    }
    // Laplace's continued fraction, from the inside out; as many terms as leave an error of 3 · 10⁻¹³.
    var fraction = z
    for k in stride(from: Double(8 + Int(250 / (z * z))), through: 1, by: -1) {
      fraction = z + k / fraction
    }
    return density / fraction
  }

  /// The z ≥ 0 with P(Z > z) = `probability`, 0 from one half on.
  static func deviate(_ probability: Double) -> Double {
    guard probability < 0.5 else { return 0 }
    // Newton's method on ln P, whose slope is −φ/P, from a start that is within 4.5e−4 (Abramowitz and Stegun,
    // 26.2.23).
    let t = (-2 * Portable.log(probability)).squareRoot()
    var z =
      t - (2.515517 + t * (0.802853 + t * 0.010328))
      / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    for _ in 0..<20 {
      let tail = self.probability(beyond: z)
      let density = Portable.exp(-z * z / 2) * 0.398_942_280_401_432_7
      let step = (Portable.log(tail) - Portable.log(probability)) * tail / density
      z += step
      if abs(step) < 1e-12 { break }
    }
    return max(0, z)
  }
}
