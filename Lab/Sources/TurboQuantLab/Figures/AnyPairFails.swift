import TurboQuant
import TurboQuantTheory

/// Figure 6: the probability that at least one pair is projected badly, by the number of directions.
///
/// Controls: points n, tolerance ε, allowed probability δ.
enum AnyPairFails {
  /// Points and repetitions of the measurement; a million points would have half a trillion pairs.
  private static let (points, repetitions) = (16, 200)

  static func report(_ setting: Setting) throws(CodecError) -> Report {
    let all = Pairs(points: setting[0], epsilon: setting[1])
    let delta = setting[2]
    let (safe, short) = (all.safeDirections(delta), all.shortDirections(delta))
    let ks = grid(to: 1.2 * Double(safe), places: 48)
    var report = Report()
    report.plot("k", ks.map { Double($0) })
    report.plot("exact", ks.map { min(1, all.expectedFailures($0)) })
    report.plot("bound", ks.map { min(1, all.boundOnFailures($0)) })
    report.plot("safe", [Double(safe)])
    report.plot("short", [Double(short)])

    let few = Pairs(points: Double(min(points, Int(setting[0]))), epsilon: all.epsilon)
    let fewKs = grid(to: Double(few.safeDirections(delta)), places: 12)
    let (share, any) = try failures(of: few, fewKs, setting)
    report.plot("fewK", fewKs.map { Double($0) })
    report.plot("few", any.map { $0.value })
    report.plot("fewError", any.map { $0.standardError })
    report.plot("fewPoints", [few.points])
    report.plot("repetitions", [Double(repetitions)])
    report.plot("exactForFew", ks.map { min(1, few.expectedFailures($0)) })

    report.compare("number of pairs", predicted: all.count, measured: nil)
    report.compare(
      "pairs expected to fail at the bound’s k = \(safe)", predicted: all.expectedFailures(safe),
      measured: nil, bound: delta)
    report.compare(
      "… at the short formula’s k = \(short)", predicted: all.expectedFailures(short),
      measured: nil, bound: delta)
    let place = 3
    report.compare(
      "share of failing pairs, \(Int(few.points)) points, k = \(fewKs[place])",
      predicted: few.expectedFailures(fewKs[place]) / few.count, measured: share[place].mean,
      standardError: share[place].standardError)
    report.compare(
      "chance that any of them fails", predicted: nil, measured: any[place].value,
      standardError: any[place].standardError, bound: min(1, few.expectedFailures(fewKs[place])))
    return report
  }

  /// Even numbers from near 0 to near `end`.
  private static func grid(to end: Double, places: Int) -> [Int] {
    (1...places).map { even(end * Double($0) / Double(places)) }
  }

  /// The smallest even number above `k`.
  private static func even(_ k: Double) -> Int { (Int(k) + 2) / 2 * 2 }

  /// All pairs of some points, and how many fail with k directions.
  private struct Pairs {
    let points: Double
    let epsilon: Double

    var count: Double { points * (points - 1) / 2 }

    /// The expected number of failing pairs, by the exact law.
    func expectedFailures(_ k: Int) -> Double {
      count * ChiSquare(degrees: k).tailBeyond(epsilon)
    }

    /// The expected number of failing pairs, by the bound of Dasgupta and Gupta.
    func boundOnFailures(_ k: Int) -> Double {
      count * Theory.dasguptaGupta(k: k, epsilon: epsilon)
    }

    /// The k at which that bound allows a probability of `delta`, with n² for twice the number of pairs.
    func safeDirections(_ delta: Double) -> Int {
      let rate = epsilon * epsilon / 2 - epsilon * epsilon * epsilon / 3
      return even(2 * logarithm(delta) / rate)
    }

    /// The k from the formula that drops ε³.
    func shortDirections(_ delta: Double) -> Int {
      even(4 * logarithm(delta) / (epsilon * epsilon))
    }

    private func logarithm(_ delta: Double) -> Double {
      2 * Portable.log(points) + Portable.log(1 / delta)
    }
  }

  /// The share of failing pairs, and whether any pair fails, at the first k directions of each sketch.
  private static func failures(
    of pairs: Pairs, _ ks: [Int], _ setting: Setting
  ) throws(CodecError) -> (share: [Moments], any: [Share]) {
    let d = Int(pairs.points)
    var (share, any) = (ks.map { _ in Moments() }, ks.map { _ in Share() })
    for seed in Draws.seeds(repetitions, figure: 6, of: setting) {
      let sketch = try ResidualSketch(
        dimension: d, directions: ks[ks.count - 1], kind: .gaussian, seed: seed)
      var corners: [[Float]] = []
      for i in 0..<d {
        var corner = [Float](repeating: 0, count: d)
        corner[i] = 1
        corners.append(try sketch.project(corner.span))
      }
      for (place, count) in failures(corners, ks, pairs.epsilon).enumerated() {
        share[place].add(Double(count) / pairs.count)
        any[place].add(count > 0)
      }
    }
    return (share, any)
  }

  /// The number of pairs of projected corners that fail at each k; before projection they are √2 apart.
  private static func failures(_ corners: [[Float]], _ ks: [Int], _ epsilon: Double) -> [Int] {
    var counts = ks.map { _ in 0 }
    for a in corners.indices {
      for b in 0..<a {
        var (square, place) = (0.0, 0)
        for i in 0..<ks[ks.count - 1] {
          let difference = Double(corners[a][i]) - Double(corners[b][i])
          square += difference * difference
          while place < ks.count, i + 1 == ks[place] {
            if abs(square / Double(2 * ks[place]) - 1) >= epsilon { counts[place] += 1 }
            place += 1
          }
        }
      }
    }
    return counts
  }
}
