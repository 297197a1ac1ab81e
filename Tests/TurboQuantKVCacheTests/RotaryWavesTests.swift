import Foundation
import TestSupport
import Testing

@testable import TurboQuantKVCache
@testable import TurboQuantKernels

/// What a rotary mean adds to scores, against the formula in double precision.
@Suite struct RotaryWavesTests {
  static let embeddings: [RotaryEmbedding] =
    [1e4, 5e5, 1e6].map { base in
      RotaryEmbedding(frequencies: (0..<64).map { pow(base, -Double($0) / 64) })
    } + [
      // Few slow waves, just enough of them, all at the limit, none; turning backwards.
      RotaryEmbedding(frequencies: (0..<20).map { $0 < 16 ? 0.033 : 1 }, pairing: .neighbours),
      RotaryEmbedding(frequencies: (0..<20).map { $0 < 17 ? 0.033 : 1 }, pairing: .neighbours),
      RotaryEmbedding(frequencies: (0..<40).map { $0 % 2 == 0 ? 0.033 : -0.033 }),
      RotaryEmbedding(frequencies: (0..<40).map { 4 - Double($0) / 20 }),
      RotaryEmbedding(frequencies: [-0.7]), RotaryEmbedding(frequencies: []),
    ]

  @Test(arguments: embeddings) func isTheFormula(_ rotary: RotaryEmbedding) throws {
    let (kernels, pairs) = (try Kernels.chosen(), rotary.frequencies.count)
    let page = RotaryPage(rotary)
    var worst = 0.0
    for (queryCount, rest, start) in [(1, 0, 0), (4, 0, 1_000_003), (3, 5, 70)] {
      let d = 2 * pairs + rest + (pairs == 0 && rest == 0 ? 1 : 0)
      var dice = Dice(seed: UInt64(d + start))
      let (queries, mean) = (dice.normals(queryCount * d), dice.normals(d, scale: 3))
      var waves = RotaryWaves(queries.span, mean, page, scale: 0.25, position: start)
      // Whole pages one after another, a part of one, then one that stands elsewhere.
      let runs = [
        (start, 0..<256), (start + 256, 0..<256), (start + 600, 88..<199), (start, 0..<256),
      ]
      for (first, rows) in runs {
        var scores = [Float](repeating: 0, count: queryCount * Page.rowCount)
        var target = scores.mutableSpan
        waves.add(kernels, at: first, rows, to: &target)
        for (q, r) in (0..<queryCount).flatMap({ q in (0..<Page.rowCount).map { (q, $0) } }) {
          let found = Double(scores[q * Page.rowCount + r])
          guard rows.contains(r) else {
            #expect(found == 0)
            continue
          }
          var (expected, size) = (0.0, 0.0)
          for i in 0..<pairs {
            let (a, b) = rotary.pair(i)
            let (x, y) = (Double(queries[q * d + a]), Double(queries[q * d + b]))
            let (u, v) = (Double(mean[a]), Double(mean[b]))
            let angle = Double(first + r - rows.lowerBound) * rotary.frequencies[i]
            expected +=
              0.25 * (x * (u * cos(angle) - v * sin(angle)) + y * (u * sin(angle) + v * cos(angle)))
            size += 0.25 * hypot(x, y) * hypot(u, v)
          }
          // float32 weights, tables and sums of up to 2 · pairs terms, whose errors interpolation multiplies by at most 2.8
          // (Lebesgue's constant of 16 nodes), and what it is off by itself.
          let bound = size * (2.8 * Double(2 * pairs + 20) * 0x1p-24 + 0x1p-26) + 1e-30
          worst = max(worst, abs(found - expected) / bound)
        }
      }
    }
    #expect(worst <= 1 && (pairs < 2 || worst > 0.002), "\(worst) of the bound")
  }
}
