package import TurboQuant
internal import TurboQuantKernels

extension Theory {
  /// Result 1: nearly every point of a sphere is nearly orthogonal to any given direction.
  ///
  /// P(|⟨u, v⟩| ≥ t) ≤ 2 exp(−d t²/2) (Vershynin, High-Dimensional Probability, Theorem 3.4.5, with
  /// the constant c = 1/2). The exact probability is the tail of the coordinate law.
  ///
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  package func concentration() throws(CodecError) -> TheoryResult {
    var comparisons: [Comparison] = []
    for (dimension, count, levels) in [(64, 2400, [1.0, 1.5]), (384, 12_000, [1.0, 2, 3])] {
      let law = CoordinateLaw.sphere(dimension: dimension)
      let thresholds = levels.map { Float($0 * law.scale) }
      var tails = levels.map { _ in Moments() }
      try forEachRotatedSpike(
        dimension: dimension, count: count, measurement: 1
      ) { y in
        for i in thresholds.indices {
          let beyond = y.reduce(0) { abs($1) >= thresholds[i] ? $0 + 1 : $0 }
          tails[i].add(Double(beyond) / Double(dimension))
        }
      }
      for i in levels.indices {
        let t = levels[i] * law.scale
        let multiple = levels[i] == 1.5 ? "1.5" : "\(Int(levels[i]))"
        comparisons.append(
          Comparison(
            "P(|⟨u, v⟩| ≥ \(multiple)/√d), d = \(dimension)", predicted: law.tail(t), tails[i],
            bound: .atMost(2 * Portable.exp(-Double(dimension) * t * t / 2))))
      }
    }
    return TheoryResult(
      1, "Concentration on the sphere",
      "Projections of a random unit vector stay within a few times 1/√d: none is large.",
      comparisons)
  }

  /// Result 2: a coordinate of a randomly rotated unit vector has the same law for every vector.
  ///
  /// Its density is ∝ (1 − t²)^((d−3)/2), so t² is Beta(1/2, (d−1)/2) (TurboQuant, Lemma 1). In units
  /// of 1/√d, its limit is the normal law (Diaconis and Freedman 1984).
  ///
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  package func coordinateLaw() throws(CodecError) -> TheoryResult {
    let d = 384
    let law = CoordinateLaw.sphere(dimension: d)
    let squareRootOfD = squareRoot(Double(d))
    var (fourth, absolute, central) = (Moments(), Moments(), Moments())
    let scale = Float(law.scale)
    try forEachRotatedSpike(dimension: d, count: 2500, measurement: 2) { y in
      var sums = (fourth: 0.0, absolute: 0.0, central: 0.0)
      for value in y {
        let square = Double(value) * Double(value)
        sums.fourth += square * square
        sums.absolute += Double(abs(value))
        sums.central += abs(value) <= scale ? 1 : 0
      }
      // Σ t⁴ · d is the mean of (√d t)⁴.
      fourth.add(sums.fourth * Double(d))
      absolute.add(sums.absolute / squareRootOfD)
      central.add(sums.central / Double(d))
    }
    return TheoryResult(
      2, "The law of a coordinate",
      "Rotation gives every coordinate of every vector one known law; one codebook fits them all.",
      [
        Comparison(
          "E (√d t)⁴ of a spike before rotation", predicted: Double(d),
          measured: Self.spikeMoment(d)),
        Comparison(
          "E (√d t)⁴ after rotation", predicted: 3 * Double(d) / Double(d + 2), fourth),
        Comparison(
          "E |√d t| after rotation",
          predicted: squareRootOfD * Portable.meanAbsoluteCoordinate(dimension: d), absolute),
        Comparison("P(|t| ≤ 1/√d) after rotation", predicted: 1 - law.tail(law.scale), central),
      ],
      figures: [
        TheoryFigure("normal limit of E (√d t)⁴", 3),
        TheoryFigure("normal limit of E |√d t|", squareRoot(2 / Double.pi)),
        TheoryFigure("normal limit of P(|t| ≤ 1/√d)", 1 - CoordinateLaw.gaussian.tail(1)),
      ])
  }

  /// The mean of (√d t)⁴ over the coordinates of e₀.
  private static func spikeMoment(_ d: Int) -> Double {
    let (spike, _) = pair(dimension: d, cosine: 1)
    return spike.reduce(0) { sum, t in
      let square = Double(d) * Double(t) * Double(t)
      return sum + square * square / Double(d)
    }
  }
}
