internal import TurboQuantKernels

/// What centring owes to the scores of stored keys: ⟨q, c⟩, or ⟨q, R_p·b⟩.
///
/// ⟨q, R_{s+j}·b⟩ = ⟨R_{−s}·q, R_j·b⟩: the turned biases of a stretch of tokens serve all stretches, and the
/// query turns back from one to the next.
enum KeyBias: Sendable {
  case none
  case fixed([Float])
  /// R_j·b for the j of a stretch, one after another.
  case turned(table: [Float], StretchTurns)

  init(_ centre: [Float], _ turns: StretchTurns?) {
    guard !centre.isEmpty else {
      self = .none
      return
    }
    guard let turns else {
      self = .fixed(centre)
      return
    }
    var table: [Float] = []
    table.reserveCapacity(StretchTurns.count * centre.count)
    var turned = centre
    for row in 0..<StretchTurns.count {
      turns.forward.turn(centre, row: row, into: &turned)
      table += turned
    }
    self = .turned(table: table, turns)
  }
}

/// What an embedding does within a stretch of tokens, and from one to the next; the same for all caches.
struct StretchTurns: Sendable {
  /// Tokens of a stretch: their biases stay in the first-level cache.
  static let count = 64

  let rotary: RotaryEmbedding
  let forward: RotaryTurns
  /// R₋₆₄.
  let back: [SIMD2<Double>]

  init(_ rotary: RotaryEmbedding) {
    self.rotary = rotary
    forward = RotaryTurns(rotary, positions: 0..<StretchTurns.count)
    back = rotary.turn(by: -Double(StretchTurns.count))
  }
}
