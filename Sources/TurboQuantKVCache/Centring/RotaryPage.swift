internal import TurboQuant

/// The waves of a rotary embedding over a page, cos jθ and sin jθ at its places j; all caches of a codec share them.
///
/// Slow waves are nearly polynomials. Their sum is computed at 16 places alone, the nodes of Chebyshev, and interpolated.
struct RotaryPage: Sendable {
  private static let nodeCount = 16
  /// Radians per position up to which a wave is slow.
  ///
  /// Interpolating cos jθ over places −L … L at n nodes of Chebyshev is off by at most 2(Lθ/2)ⁿ/n!, the remainder
  /// f⁽ⁿ⁾Lⁿ/(2ⁿ⁻¹n!). With L = 127.5 and n = 16 that is below 2⁻²⁶ here.
  private static let slowLimit = 0.033

  let rotary: RotaryEmbedding
  /// All pairs, fast ones first.
  let pairs: [Int]
  let fastCount: Int
  /// Of each fast pair cos at all places; then sin likewise.
  let fast: [Float]
  /// Of each slow pair cos at the nodes; then sin likewise.
  let nodes: [Float]
  /// Of each node the polynomial that is 1 there and 0 at the others, at all places.
  let polynomials: [Float]
  /// From one page to the next: cos and sin for each of ``pairs``.
  let cosines, sines: [Double]

  init(_ rotary: RotaryEmbedding) {
    self.rotary = rotary
    let all = rotary.frequencies.indices
    let slow = all.filter { abs(rotary.frequencies[$0]) <= RotaryPage.slowLimit }
    // Fewer are cheaper among the fast ones.
    let interpolates = slow.count > RotaryPage.nodeCount
    let slowPairs = interpolates ? slow : []
    let fastPairs =
      interpolates ? all.filter { abs(rotary.frequencies[$0]) > RotaryPage.slowLimit } : Array(all)
    pairs = fastPairs + slowPairs
    fastCount = fastPairs.count
    (cosines, sines) = rotary.phases(of: pairs, at: Page.rowCount)
    fast = rotary.waves(of: fastPairs, at: (0..<Page.rowCount).map(Double.init))
    let half = Double(Page.rowCount - 1) / 2
    let places = (0..<(interpolates ? RotaryPage.nodeCount : 0)).map { k in
      let angle = (Double(k) + 0.5) * .pi / Double(RotaryPage.nodeCount)
      return half + half * Portable.cosineAndSine(angle).0
    }
    nodes = rotary.waves(of: slowPairs, at: places)
    polynomials = places.indices.flatMap { k in
      (0..<Page.rowCount).map { Float(RotaryPage.polynomial(k, places, at: Double($0))) }
    }
  }

  /// 1 at the node of number `k`, 0 at the others.
  private static func polynomial(_ k: Int, _ nodes: [Double], at place: Double) -> Double {
    var product = 1.0
    for m in nodes.indices where m != k {
      product *= (place - nodes[m]) / (nodes[k] - nodes[m])
    }
    return product
  }
}

extension RotaryEmbedding {
  /// cos and sin of some pairs at a position.
  func phases(of pairs: [Int], at position: Int) -> (cosines: [Double], sines: [Double]) {
    let all = phases(at: Double(position))
    return (pairs.map { all[$0].x }, pairs.map { all[$0].y })
  }

  /// cos of each of some pairs at all places, then sin likewise.
  fileprivate func waves(of pairs: [Int], at places: [Double]) -> [Float] {
    let all = places.map { phases(at: $0) }
    let cosines = pairs.flatMap { i in all.map { Float($0[i].x) } }
    let sines = pairs.flatMap { i in all.map { Float($0[i].y) } }
    return cosines + sines
  }
}
