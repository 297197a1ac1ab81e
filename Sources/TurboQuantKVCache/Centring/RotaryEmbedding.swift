internal import TurboQuant

/// What an embedding does at some consecutive positions.
///
/// With arithmetic that is the same everywhere, since it decides stored codes.
struct RotaryTurns: Sendable {
  private let rotary: RotaryEmbedding
  private let turns: [SIMD2<Double>]

  init(_ rotary: RotaryEmbedding, positions: Range<Int>) {
    self.rotary = rotary
    turns = positions.flatMap { rotary.turn(by: Double($0)) }
  }

  /// `result` ← R_p · `vector` at the position of number `row`, rounded to float32 once.
  func turn(_ vector: [Float], row: Int, into result: inout [Float]) {
    let first = row * rotary.frequencies.count
    for i in rotary.frequencies.indices {
      let (a, b) = rotary.pair(i)
      let (turn, x, y) = (turns[first + i], Double(vector[a]), Double(vector[b]))
      result[a] = Float(turn.x * x - turn.y * y)
      result[b] = Float(turn.y * x + turn.x * y)
    }
  }

  /// `sums` += R_p⁻¹ · the vector from `start` on, at the position of number `row`.
  func addTurnedBack(_ floats: Span<Float>, at start: Int, row: Int, to sums: inout [Double]) {
    let first = row * rotary.frequencies.count
    for i in rotary.frequencies.indices {
      let (a, b) = rotary.pair(i)
      let (turn, x, y) = (turns[first + i], Double(floats[start + a]), Double(floats[start + b]))
      sums[a] += turn.x * x + turn.y * y
      sums[b] += turn.x * y - turn.y * x
    }
    for i in 2 * rotary.frequencies.count..<sums.count { sums[i] += Double(floats[start + i]) }
  }
}

/// Means of vectors, turned back where an embedding turned them.
enum Centre {
  /// The means of heads × tokens vectors, the first of which stands at `position`, without the first
  /// `skipped` tokens.
  static func means(
    _ floats: Span<Float>, heads: Int, tokens: Int, skipping skipped: Int, position: Int,
    _ rotary: RotaryEmbedding?
  ) -> [[Float]] {
    let dimension = floats.count / (heads * tokens)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: dimension), count: heads)
    for first in stride(from: skipped, to: tokens, by: Page.rowCount) {
      let some = first..<min(tokens, first + Page.rowCount)
      let turns = rotary.map {
        RotaryTurns($0, positions: position + some.lowerBound..<position + some.upperBound)
      }
      for h in 0..<heads {
        for token in some {
          let start = (h * tokens + token) * dimension
          if let turns {
            turns.addTurnedBack(floats, at: start, row: token - first, to: &sums[h])
          } else {
            for i in 0..<dimension { sums[h][i] += Double(floats[start + i]) }
          }
        }
      }
    }
    return sums.map { $0.map { Float($0 / Double(tokens - skipped)) } }
  }

  /// The sums of squares of each channel over vectors one after another, without a centre that `turns`.
  static func squares(
    _ floats: Span<Float>, around centre: [Float], _ dimension: Int, _ turns: RotaryTurns?
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: dimension)
    var turned = centre.isEmpty ? [Float](repeating: 0, count: dimension) : centre
    for (row, start) in stride(from: 0, to: floats.count, by: dimension).enumerated() {
      if !centre.isEmpty { turns?.turn(centre, row: row, into: &turned) }
      for i in 0..<dimension {
        let x = Double(floats[start + i] - turned[i])
        sums[i] += x * x
      }
    }
    return sums
  }
}
