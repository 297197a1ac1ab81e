// Scores capped by a hyperbolic tangent, as some models were trained.

internal import TurboQuant
internal import TurboQuantKernels

extension HeadAttention {
  /// Scores s ← cap · tanh(s/cap), if the configuration has a cap.
  func cap(_ rows: Int, _ softmaxes: inout RunningSoftmaxes) {
    guard let cap = codec.configuration.logitCap else { return }
    for i in 0..<softmaxes.count {
      var all = softmaxes.scores.mutableSpan
      var target = all._mutatingExtracting(i * Page.rowCount..<i * Page.rowCount + rows)
      for r in 0..<rows {
        target[r] = Float(Double(cap) * hyperbolicTangent(Double(target[r]) / Double(cap)))
      }
    }
  }
}

/// tanh x with a relative error of about 10⁻⁹, also where x is so small that 1 − e⁻²ˣ cancels.
func hyperbolicTangent(_ x: Double) -> Double {
  let size = abs(x)
  guard size >= 0.05 else {
    // x − x³/3 + 2x⁵/15; the next term is 17/315 · x⁶ relative to x, at most 8 · 10⁻¹⁰.
    let square = x * x
    return x * (1 - square / 3 + 2 * square * square / 15)
  }
  let e = size > 20 ? 0 : Portable.exp(-2 * size)
  let result = (1 - e) / (1 + e)
  return x < 0 ? -result : result
}
