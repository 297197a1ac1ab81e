internal import TurboQuant

/// A rotary embedding within a block of positions, and from one block to the next; all caches of a codec share it.
struct RotaryBlock: Sendable {
  /// Positions of a block: few enough that the table stays in the first-level cache.
  static let count = 64

  let rotary: RotaryEmbedding
  /// cos jθ for each j of a block, pair after pair, then sin jθ likewise.
  let table: [Float]
  /// At position 64.
  let step: RotaryPhases

  init(_ rotary: RotaryEmbedding) {
    self.rotary = rotary
    let phases = (0..<RotaryBlock.count).map { RotaryPhases(rotary, at: $0) }
    table =
      rotary.frequencies.indices.flatMap { i in phases.map { Float($0.cosines[i]) } }
      + rotary.frequencies.indices.flatMap { i in phases.map { Float($0.sines[i]) } }
    step = RotaryPhases(rotary, at: RotaryBlock.count)
  }
}

/// cos pθ and sin pθ of all pairs at a position p.
struct RotaryPhases: Sendable {
  let cosines, sines: [Double]

  init(_ rotary: RotaryEmbedding, at position: Int) {
    let phases = rotary.phases(at: Double(position))
    cosines = phases.map(\.x)
    sines = phases.map(\.y)
  }
}
