package import TurboQuant
internal import TurboQuantKernels

extension Theory {
  /// Result 4: k random projections keep a length within 1 ± ε, except rarely.
  ///
  /// The probability of an exception is ≤ 2 exp(−k(ε²/2 − ε³/3)/2) (Johnson and Lindenstrauss 1984;
  /// Dasgupta and Gupta 2003). The exact law: k times the squared ratio follows χ² with k degrees of
  /// freedom.
  ///
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  package func johnsonLindenstrauss() throws(CodecError) -> TheoryResult {
    var comparisons = [angle(dimension: 16), angle(dimension: 384)]
    for (k, epsilon, percent) in [(32, 0.25, 25), (64, 0.25, 25), (64, 0.375, 37)] {
      let tail = ChiSquare(degrees: k).tailBeyond(epsilon)
      let measured = try normRatio(k: k, epsilon: epsilon)
      let label = percent == 37 ? "0.375" : "0.25"
      comparisons.append(
        Comparison(
          "P(|‖Jx‖²/k‖x‖² − 1| ≥ \(label)), k = \(k)", predicted: tail, measured.tail,
          bound: .atMost(Self.dasguptaGupta(k: k, epsilon: epsilon))))
      if epsilon == 0.25 {
        comparisons.append(
          Comparison("E ‖Jx‖²/k‖x‖², k = \(k)", predicted: 1, measured.ratio))
      }
    }
    return TheoryResult(
      4, "Johnson–Lindenstrauss",
      "A few hundred random projections keep all lengths and angles of a million vectors.",
      comparisons, figures: Self.millionVectors())
  }

  /// The k that keeps all pairs of n vectors within 1 ± ε, except with probability δ.
  ///
  /// k is computed by the bound and by the short formula that drops ε³. For both, the exact law gives
  /// the expected number of bad pairs.
  private static func millionVectors() -> [TheoryFigure] {
    let (n, epsilon, delta) = (1e6, 0.5, 0.01)
    let logarithm = 2 * Portable.log(n) + Portable.log(1 / delta)
    let safe = 2 * logarithm / (epsilon * epsilon / 2 - epsilon * epsilon * epsilon / 3)
    let short = 4 * logarithm / (epsilon * epsilon)
    func even(_ k: Double) -> Int { (Int(k) + 2) / 2 * 2 }
    func badPairs(_ k: Int) -> Double { n * n / 2 * ChiSquare(degrees: k).tailBeyond(epsilon) }
    return [
      TheoryFigure("k for 10⁶ vectors, ε = 0.5, δ = 0.01 (Dasgupta–Gupta)", Double(even(safe))),
      TheoryFigure("bad pairs then expected", badPairs(even(safe))),
      TheoryFigure("k by 4(2 ln n + ln 1/δ)/ε², meant for small ε", Double(even(short))),
      TheoryFigure("bad pairs then expected, above δ", badPairs(even(short))),
    ]
  }

  package static func dasguptaGupta(k: Int, epsilon: Double) -> Double {
    let rate = epsilon * epsilon / 2 - epsilon * epsilon * epsilon / 3
    return 2 * Portable.exp(-Double(k) * rate / 2)
  }

  /// |cos| of the angle between two independent directions.
  ///
  /// It equals a coordinate of one direction in the frame of the other.
  private func angle(dimension d: Int) -> Comparison {
    var stream = RandomStream(seed: seed, purpose: .testData, number: 40 + UInt32(d))
    var moments = Moments()
    for _ in 0..<draws(12_000) {
      var (product, first, second) = (0.0, 0.0, 0.0)
      for _ in 0..<d {
        let (x, y) = (stream.nextNormal(), stream.nextNormal())
        product += x * y
        first += x * x
        second += y * y
      }
      moments.add(abs(product) / squareRoot(first * second))
    }
    return Comparison(
      "E |cos| of two random directions, d = \(d)",
      predicted: Portable.meanAbsoluteCoordinate(dimension: d), moments)
  }

  /// Ratios of squared lengths under k rows of J, from many sketches in a low dimension.
  ///
  /// The law does not depend on the dimension.
  private func normRatio(
    k: Int, epsilon: Double
  ) throws(CodecError) -> (tail: Moments, ratio: Moments) {
    let d = 4
    let vector = Self.pair(dimension: d, cosine: 0.6).q
    var (tail, mean) = (Moments(), Moments())
    let groups = 512
    // A rarer tail needs more draws.
    let expected = ChiSquare(degrees: k).tailBeyond(epsilon)
    let count = Int(1.6e4 / expected) / groups + 1
    for seed in seeds(count, measurement: 45) {
      let sketch = try ResidualSketch(
        dimension: d, directions: groups * k, kind: .gaussian, seed: seed)
      let projections = try sketch.project(vector.span)
      for group in 0..<groups {
        var square = 0.0
        for i in group * k..<(group + 1) * k {
          square += Double(projections[i]) * Double(projections[i])
        }
        let ratio = square / Double(k)
        tail.add(abs(ratio - 1) >= epsilon ? 1 : 0)
        mean.add(ratio)
      }
    }
    return (tail, mean)
  }

  /// Result 5: the signs of random projections give the angle and the inner product.
  ///
  /// A random hyperplane separates two vectors at the angle θ with probability θ/π (Goemans and
  /// Williamson 1995), and E[sign(⟨j, r⟩)⟨j, q⟩] = √(2/π)⟨r, q⟩/‖r‖ for Gaussian j (QJL, Lemma 3.2).
  ///
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  package func signProjections() throws(CodecError) -> TheoryResult {
    var comparisons: [Comparison] = []
    for (name, cosine) in [("0.5", 0.5), ("0.9", 0.9)] {
      // θ/π is the probability that a coordinate on a circle exceeds the cosine.
      let predicted = CoordinateLaw.sphere(dimension: 2).tail(cosine) / 2
      comparisons.append(
        Comparison(
          "P(signs differ), cosine \(name)", predicted: predicted,
          try disagreement(cosine: cosine)))
    }
    for (name, cosine, count) in [("0.5", 0.5, 1200), ("0.9", 0.9, 400)] {
      comparisons.append(
        Comparison(
          "E sign(⟨j, r⟩)⟨j, q⟩, cosine \(name)",
          predicted: squareRoot(2 / Double.pi) * cosine,
          try signProduct(cosine: cosine, count: count)))
    }
    return TheoryResult(
      5, "Signs of projections",
      "One bit of each projection of r still estimates ⟨r, q⟩ without bias.", comparisons)
  }

  private func disagreement(cosine: Double) throws(CodecError) -> Moments {
    let d = 384
    let (r, q) = Self.pair(dimension: d, cosine: cosine)
    var moments = Moments()
    for seed in seeds(1500, measurement: 51) {
      let sketch = try ResidualSketch(dimension: d, seed: seed)
      let (first, second) = (try sketch.signs(of: r.span), try sketch.signs(of: q.span))
      let differing = first.indices.reduce(0) { $0 + (first[$1] ^ second[$1]).nonzeroBitCount }
      moments.add(Double(differing) / Double(d))
    }
    return moments
  }

  private func signProduct(cosine: Double, count: Int) throws(CodecError) -> Moments {
    var moments = Moments()
    try forEachSignProduct(cosine: cosine, count: count * 128, measurement: 52) { moments.add($0) }
    return moments
  }

  /// Calls `body` with sign(⟨j, r⟩)⟨j, q⟩ for `count` Gaussian directions j, a few thousand per sketch.
  private func forEachSignProduct(
    cosine: Double, count: Int, measurement: UInt32, _ body: (Double) -> Void
  ) throws(CodecError) {
    let (d, directions) = (8, 4096)
    let (r, q) = Self.pair(dimension: d, cosine: cosine)
    for seed in seeds((count + directions - 1) / directions, measurement: measurement) {
      let sketch = try ResidualSketch(
        dimension: d, directions: directions, kind: .gaussian, seed: seed)
      let signs = try sketch.signs(of: r.span)
      let projections = try sketch.project(q.span)
      for i in projections.indices {
        let isPositive = signs[i / 8] >> UInt8(i % 8) & 1 == 1
        body(Double(isPositive ? projections[i] : -projections[i]))
      }
    }
  }

  /// Result 6: the mean of m independent estimates has an error ∝ 1/√m.
  ///
  /// For unit vectors and m sign bits, the root mean square error of ⟨r, q⟩ is √((π/2 − ρ²)/m)
  /// (QJL, Lemma 3.5).
  ///
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  package func largeNumbers() throws(CodecError) -> TheoryResult {
    let cosine = 0.5
    let scale = squareRoot(Double.pi / 2)
    var comparisons: [Comparison] = []
    for m in [16, 64, 256] {
      var (squares, sum, terms) = (Moments(), 0.0, 0)
      try forEachSignProduct(
        cosine: cosine, count: 8192 * m, measurement: 60 + UInt32(m)
      ) { product in
        sum += product
        terms += 1
        guard terms == m else { return }
        let error = scale * sum / Double(m) - cosine
        squares.add(error * error)
        (sum, terms) = (0, 0)
      }
      let root = squareRoot(squares.mean)
      comparisons.append(
        Comparison(
          "root mean square error with \(m) sign bits",
          predicted: squareRoot((Double.pi / 2 - cosine * cosine) / Double(m)), measured: root,
          standardError: root > 0 ? squares.standardError / (2 * root) : 0))
    }
    return TheoryResult(
      6, "The law of large numbers",
      "Four times the sign bits halve the error of an estimate.", comparisons)
  }
}
