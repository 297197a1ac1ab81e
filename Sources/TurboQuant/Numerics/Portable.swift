internal import TurboQuantKernels

/// Elementary functions made of + − × ÷ √ alone, with the same bits on every platform.
///
/// Code that computes stored bytes may not call the C library, whose results differ in the last bits.
package enum Portable {
  /// The natural logarithm of a positive normal number, within 2 ulp.
  package static func log(_ x: Double) -> Double {
    // x = 2^e · m with m in [√½, √2); ln m = 2 artanh((m − 1)/(m + 1)), a series in s² ≤ 0.0295.
    var exponent = Double(x.exponent)
    var m = x.significand
    if m > 1.414_213_562_373_095_1 {
      m *= 0.5
      exponent += 1
    }
    let s = (m - 1) / (m + 1)
    let s2 = s * s
    var sum = 0.0
    for k in stride(from: 21, through: 3, by: -2) { sum = (sum + 1 / Double(k)) * s2 }
    // ln 2 is split in two parts: the first has trailing zeros, so its product with the exponent is exact.
    let high = 0x1.62e42feep-1
    let low = 0x1.a39ef35793c76p-33
    return exponent * high + (2 * s + (2 * s * sum + exponent * low))
  }

  /// eˣ for |x| ≤ 700, within 2 ulp.
  package static func exp(_ x: Double) -> Double {
    let high = 0x1.62e42feep-1
    let low = 0x1.a39ef35793c76p-33
    let nearest = x * 0x1.71547652b82fep0 + (x < 0 ? -0.5 : 0.5)
    let k = Double(Int(nearest))
    let r = (x - k * high) - k * low
    // |r| ≤ ln 2 / 2: the Taylor series to r¹⁴ is exact to 1e−18.
    var sum = 1.0
    for n in stride(from: 14, through: 1, by: -1) { sum = 1 + sum * r / Double(n) }
    return Double(sign: .plus, exponent: Int(k), significand: sum)
  }

  /// cos x and sin x for |x| ≤ 2²⁵, within 10⁻¹⁵ + |x| · 2⁻⁵³.
  package static func cosineAndSine(_ x: Double) -> (Double, Double) {
    // x = k · π/2 + r. π/2 is split in two parts: the first has trailing zeros, so its product with k is exact.
    let high = 0x1.921fb544p+0
    let low = 0x1.0b4611a626331p-34
    let nearest = x * (2 / Double.pi) + (x < 0 ? -0.5 : 0.5)
    let k = Double(Int(nearest))
    let r = (x - k * high) - k * low
    // |r| ≤ π/4: the series to r¹⁷ are exact to 1e−17.
    let square = r * r
    var (cosine, sine) = (1.0, 1.0)
    // The loop counts integers, because strides of floating-point numbers call the C library's fma.
    for i in stride(from: 16, through: 2, by: -2) {
      let n = Double(i)
      cosine = 1 - cosine * square / (n * (n - 1))
      sine = 1 - sine * square / (n * (n + 1))
    }
    sine *= r
    switch Int(k) & 3 {
    case 0: return (cosine, sine)
    case 1: return (-sine, cosine)
    case 2: return (-cosine, -sine)
    default: return (sine, -cosine)
    }
  }

  /// The angle of the point (`x`, `y`) in −π … π, within 6 ulp; 0 for the origin.
  package static func angle(x: Double, y: Double) -> Double {
    let (width, height) = (abs(x), abs(y))
    let isSteep = height > width
    guard width > 0 || height > 0 else { return 0 }
    var t = isSteep ? width / height : height / width
    // tan(θ/2) = t/(1 + √(1 + t²)). After three halvings t ≤ tan(π/32), and t²ᵏ/(2k + 1) < 1e−21 at k = 10.
    for _ in 0..<3 { t /= 1 + squareRoot(1 + t * t) }
    let square = t * t
    var sum = 0.0
    for k in stride(from: 21, through: 1, by: -2) { sum = 1 / Double(k) - square * sum }
    var angle = 8 * t * sum
    if isSteep { angle = Double.pi / 2 - angle }
    if x < 0 { angle = Double.pi - angle }
    return y < 0 ? -angle : angle
  }

  /// The integer nearest to `x`; halves are rounded away from zero.
  @inlinable @inline(__always)
  package static func nearest(_ x: Double) -> Int { Int(x < 0 ? x - 0.5 : x + 0.5) }

  /// xⁿ⸍² for x ≥ 0 and n ≥ 0, by repeated squaring.
  static func power(_ x: Double, halves n: Int) -> Double {
    var result = n % 2 == 1 ? squareRoot(x) : 1
    var base = x
    var exponent = n / 2
    while exponent > 0 {
      if exponent % 2 == 1 { result *= base }
      base *= base
      exponent /= 2
    }
    return result
  }

  /// E|u₁| for a uniform unit vector u of `dimension` coordinates: Γ(d/2) / (√π Γ((d+1)/2)).
  ///
  /// It starts from E|u₁| = 1 at d = 1 or 2/π at d = 2, and multiplies by d/(d+1) from d to d + 2. O(d).
  package static func meanAbsoluteCoordinate(dimension: Int) -> Double {
    precondition(dimension >= 1)
    var value = dimension % 2 == 1 ? 1 : 2 / Double.pi
    for d in stride(from: 2 - dimension % 2, to: dimension, by: 2) {
      value *= Double(d) / Double(d + 1)
    }
    return value
  }
}
