internal import TurboQuant

/// A rotary embedding at some positions.
///
/// The arithmetic is the same everywhere, since it decides stored codes.
struct RotaryTable: Sendable {
  private let rotary: RotaryEmbedding
  private let phases: [SIMD2<Double>]

  init(_ rotary: RotaryEmbedding, positions: some Sequence<Int>) {
    self.rotary = rotary
    phases = positions.flatMap { rotary.phases(at: Double($0)) }
  }

  /// `result` ← R_p · `vector` at the position of number `row`, rounded to float32 once.
  func embed(_ vector: [Float], row: Int, into result: inout [Float]) {
    let first = row * rotary.frequencies.count
    for i in rotary.frequencies.indices {
      let (a, b) = rotary.pair(i)
      let (phase, x, y) = (phases[first + i], Double(vector[a]), Double(vector[b]))
      result[a] = Float(phase.x * x - phase.y * y)
      result[b] = Float(phase.y * x + phase.x * y)
    }
  }

  /// `sums` += R_p⁻¹ · the vector from `start` on, at the position of number `row`.
  func addUnembedded(_ floats: Span<Float>, at start: Int, row: Int, to sums: inout [Double]) {
    let first = row * rotary.frequencies.count
    for i in rotary.frequencies.indices {
      let (a, b) = rotary.pair(i)
      let (phase, x, y) = (phases[first + i], Double(floats[start + a]), Double(floats[start + b]))
      sums[a] += phase.x * x + phase.y * y
      sums[b] += phase.x * y - phase.y * x
    }
    for i in 2 * rotary.frequencies.count..<sums.count { sums[i] += Double(floats[start + i]) }
  }
}
