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
