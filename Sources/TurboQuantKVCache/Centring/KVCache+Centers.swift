// Fixes what centring subtracts from the keys and values of each head, and their outlier channels.

internal import TurboQuant
internal import TurboQuantKernels

extension KVCache {
  /// Whether tokens beyond the sinks stay exact until there are enough for a centre, or to choose outlier channels.
  var awaitsTokens: Bool {
    let isCentered = codec.configuration.centering != .none
    func isOpen(_ vectors: HeadVectors, _ codec: KeyOrValueCodec?) -> Bool {
      guard let codec else { return false }
      return isCentered && vectors.center.isEmpty || codec.hasOutliers && vectors.channels.isEmpty
    }
    return isOpen(heads[0].keys, codec.keyCodec) || isOpen(heads[0].values, codec.valueCodec)
  }

  /// Determines centres and outlier channels, if that can be done with the tokens beyond the sinks that are
  /// appended now, and those that wait.
  mutating func fixCenters(_ keys: Span<Float>, _ values: Span<Float>, tokens: Int) {
    guard awaitsTokens else { return }
    let held = heads[0].keys
    let skipped = held.sinksToCome(codec.configuration.sinks)
    guard tokens > skipped, held.windowCount + tokens - skipped >= centerTokens else { return }
    let some = skipped..<tokens
    fixCenters(
      of: \.keys, codec.keyCodec, keys, some, of: tokens, codec.configuration.centering.rotary)
    fixCenters(of: \.values, codec.valueCodec, values, some, of: tokens, nil)
  }

  private mutating func fixCenters(
    of side: WritableKeyPath<Head, HeadVectors>, _ codec: KeyOrValueCodec?, _ floats: Span<Float>,
    _ some: Range<Int>, of tokens: Int, _ rotary: RotaryEmbedding?
  ) {
    guard let codec else { return }
    let vectors = heads[0][keyPath: side]
    let needsCenter = self.codec.configuration.centering != .none && vectors.center.isEmpty
    guard needsCenter || codec.hasOutliers && vectors.channels.isEmpty else { return }
    let kernels = self.codec.kernels
    let waiting = heads.flatMap { head in
      let window = head[keyPath: side].window
      return window.widened(0..<window.count, kernels)
    }
    func sums(
      _ add: (Span<Float>, CenterTokens, inout [[Double]]) -> Void
    ) -> [[Double]] {
      var sums = [[Double]](
        repeating: [Double](repeating: 0, count: codec.dimension), count: heads.count)
      let windowStart = vectors.storedStart + vectors.stored.count
      add(
        waiting.span,
        CenterTokens(
          0..<vectors.windowCount, of: vectors.windowCount, first: windowStart, positions, rotary),
        &sums)
      add(floats, CenterTokens(some, of: tokens, first: count, positions, rotary), &sums)
      return sums
    }
    if needsCenter {
      let number = Double(vectors.windowCount + some.count)
      let means = sums(Center.addVectors).map { $0.map { Float($0 / number) } }
      for h in heads.indices { heads[h][keyPath: side].center = means[h] }
    }
    guard codec.hasOutliers else { return }
    let squares = sums {
      Center.addSquares($0, of: heads.map { $0[keyPath: side] }, $1, &$2, kernels)
    }
    for h in heads.indices { heads[h][keyPath: side].channels = codec.channels(squares[h]) }
  }
}

/// Which tokens of [heads, tokens, dimension] determine a centre, and where they stand.
struct CenterTokens {
  let range: Range<Int>
  let total: Int
  /// The number that token 0 of them has in the cache.
  private let first: Int
  private let positions: Positions
  private let rotary: RotaryEmbedding?

  init(
    _ range: Range<Int>, of total: Int, first: Int, _ positions: Positions,
    _ rotary: RotaryEmbedding?
  ) {
    (self.range, self.total, self.first) = (range, total, first)
    (self.positions, self.rotary) = (positions, rotary)
  }

  /// Calls `body` with a page of tokens and the embedding at their positions.
  func forEachPage(_ body: (Range<Int>, RotaryTable?) -> Void) {
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Page.rowCount) {
      let page = start..<min(range.upperBound, start + Page.rowCount)
      body(
        page,
        rotary.map {
          RotaryTable(
            $0, positions: positions.all(first + page.lowerBound..<first + page.upperBound))
        })
    }
  }
}

/// Sums over the tokens that determine a centre.
enum Center {
  /// With how many tokens beyond the sinks a centre is fixed, and outlier channels are chosen, where the configuration
  /// does not say.
  ///
  /// The mean of n tokens, that do not depend on each other, is off by 1/n of their variance. So n tokens leave
  /// 1 + 1/n times what the true mean would leave to be quantized: twice at 1, which is worse than no centre unless the
  /// mean outweighs the variance, and 1.03 times, a fiftieth of a bit, at 32. A channel's mean square is then known to a
  /// quarter, √(2/32); outliers are several times as large as the others.
  static let tokenCount = 32

  /// Adds up vectors, for keys those before rotary embedding.
  static func addVectors(
    _ floats: Span<Float>, _ tokens: CenterTokens, _ sums: inout [[Double]]
  ) {
    tokens.forEachPage { page, table in
      for h in sums.indices {
        let dimension = sums[h].count
        for token in page {
          let start = (h * tokens.total + token) * dimension
          if let table {
            table.addUnembedded(floats, at: start, row: token - page.lowerBound, to: &sums[h])
          } else {
            for i in 0..<dimension { sums[h][i] += Double(floats[start + i]) }
          }
        }
      }
    }
  }

  /// Adds up the squares of each channel, less the head's centre and in its metric.
  static func addSquares(
    _ floats: Span<Float>, of heads: [HeadVectors], _ tokens: CenterTokens,
    _ sums: inout [[Double]], _ kernels: Kernels
  ) {
    forEachDifference(floats, around: heads.map(\.center), heads[0].dimension, tokens) {
      h, difference in
      heads[h].metric?.equalize(keys: &difference, kernels)
      for i in difference.indices {
        let x = Double(difference[i])
        sums[h][i] += x * x
      }
    }
  }

  /// Calls `body` with the number of a head and a vector of it less its centre, which is empty if there is none.
  static func forEachDifference(
    _ floats: Span<Float>, around centers: [[Float]], _ dimension: Int, _ tokens: CenterTokens,
    _ body: (_ head: Int, inout [Float]) -> Void
  ) {
    tokens.forEachPage { page, table in
      for (h, center) in centers.enumerated() {
        var embedded = center.isEmpty ? [Float](repeating: 0, count: dimension) : center
        var difference = embedded
        for token in page {
          let start = (h * tokens.total + token) * dimension
          if !center.isEmpty {
            table?.embed(center, row: token - page.lowerBound, into: &embedded)
          }
          for i in 0..<dimension { difference[i] = floats[start + i] - embedded[i] }
          body(h, &difference)
        }
      }
    }
  }
}
