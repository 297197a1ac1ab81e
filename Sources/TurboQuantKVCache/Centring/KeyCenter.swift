/// What centring subtracted from the stored keys of a head, prepared for scores.
///
/// A rotary mean m stands as R_p·m in the key at position p. Since ⟨q, R_{s+j}·m⟩ = ⟨R_{−s}·q, R_j·m⟩, the table of
/// R_j·m for one block of tokens serves every block: the query moves back from block to block.
enum KeyCenter: Sendable {
  case none
  case mean([Float])
  /// R_j·m for every j of a block, one after another.
  case rotaryMean(table: [Float], RotaryBlock)

  init(_ center: [Float], _ block: RotaryBlock?) {
    guard !center.isEmpty else {
      self = .none
      return
    }
    guard let block else {
      self = .mean(center)
      return
    }
    var table: [Float] = []
    table.reserveCapacity(RotaryBlock.tokenCount * center.count)
    var embedded = center
    for row in 0..<RotaryBlock.tokenCount {
      block.table.embed(center, row: row, into: &embedded)
      table += embedded
    }
    self = .rotaryMean(table: table, block)
  }
}

/// A rotary embedding within a block of tokens, and from one block to the next; all caches share it.
struct RotaryBlock: Sendable {
  /// Tokens of a block: few enough that a head's table stays in the first-level cache.
  static let tokenCount = 64

  let rotary: RotaryEmbedding
  /// The positions of a block.
  let table: RotaryTable
  /// The phases at position −64.
  let oneBlockBack: [SIMD2<Double>]

  init(_ rotary: RotaryEmbedding) {
    self.rotary = rotary
    table = RotaryTable(rotary, positions: 0..<RotaryBlock.tokenCount)
    oneBlockBack = rotary.phases(at: -Double(RotaryBlock.tokenCount))
  }
}
