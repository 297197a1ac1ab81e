internal import TurboQuant

/// χ² with an even number of degrees of freedom; its tails are sums of Poisson terms.
///
/// Every sum starts at its largest term, which is computed from its logarithm. So no term underflows
/// before it becomes negligible, and a tail far below 1 ulp of 1 is as exact as any other.
package struct ChiSquare {
  /// The number k of degrees of freedom.
  package let degrees: Int
  /// ln (k/2 − 1)! for k degrees of freedom.
  private let logFactorial: Double

  /// Creates the law with `degrees` degrees of freedom.
  ///
  /// - Precondition: `degrees` is positive and even.
  package init(degrees: Int) {
    precondition(degrees > 0 && degrees % 2 == 0, "an even number of degrees, not \(degrees)")
    self.degrees = degrees
    logFactorial = (1..<max(2, degrees / 2)).reduce(0) { $0 + Portable.log(Double($1)) }
  }

  /// e^(−x/2) (x/2)^(k/2−1)/(k/2−1)! for x > 0: twice the density at `x`.
  private func lastTerm(_ x: Double) -> Double {
    let exponent = Double(degrees / 2 - 1) * Portable.log(x / 2) - x / 2 - logFactorial
    return exponent < -700 ? 0 : Portable.exp(exponent)
  }

  /// The density at `x`.
  package func density(_ x: Double) -> Double { x > 0 ? lastTerm(x) / 2 : 0 }

  /// P(χ² ≥ x) = Σ_{i < k/2} e^(−x/2) (x/2)ⁱ/i!, for x > k − 2.
  package func upperTail(_ x: Double) -> Double {
    var term = lastTerm(x)
    var sum = 0.0
    for i in stride(from: degrees / 2 - 1, through: 0, by: -1) {
      sum += term
      term *= Double(i) / (x / 2)
    }
    return sum
  }

  /// P(χ² ≤ x) = Σ_{i ≥ k/2} e^(−x/2) (x/2)ⁱ/i!, for x < k.
  package func lowerTail(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    var i = degrees / 2
    var term = lastTerm(x) * (x / 2) / Double(i)
    var sum = 0.0
    while term > sum * 0x1p-60 {
      sum += term
      i += 1
      term *= x / 2 / Double(i)
    }
    return sum
  }

  /// P(|χ²/k − 1| ≥ ε).
  package func tailBeyond(_ epsilon: Double) -> Double {
    upperTail(Double(degrees) * (1 + epsilon)) + lowerTail(Double(degrees) * (1 - epsilon))
  }
}
