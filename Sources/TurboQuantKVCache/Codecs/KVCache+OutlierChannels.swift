// Chooses the outlier channels of each head.

internal import TurboQuant
internal import TurboQuantKernels

extension KVCache {
  /// Chooses outlier channels, if the configuration asks for it, by the first append that goes beyond the sinks.
  mutating func fixChannels(_ keys: Span<Float>, _ values: Span<Float>, tokens: Int) {
    let sinks = max(0, codec.configuration.sinks - count)
    guard tokens > sinks else { return }
    fixChannels(
      of: \.keys, codec.keyCodec, keys, tokens, sinks, codec.configuration.centering.rotary)
    fixChannels(of: \.values, codec.valueCodec, values, tokens, sinks, nil)
  }

  private mutating func fixChannels(
    of vectors: WritableKeyPath<Head, HeadVectors>, _ codec: KeyOrValueCodec?,
    _ floats: Span<Float>, _ tokens: Int, _ sinks: Int, _ rotary: RotaryEmbedding?
  ) {
    guard let codec, codec.hasOutliers, heads[0][keyPath: vectors].channels.isEmpty else {
      return
    }
    let width = codec.dimension
    let table = rotary.map { RotaryTable($0, positions: count + sinks..<count + tokens) }
    for h in heads.indices {
      let beyondSinks = floats.extracting((h * tokens + sinks) * width..<(h + 1) * tokens * width)
      heads[h][keyPath: vectors].channels = codec.channels(
        Center.squares(beyondSinks, around: heads[h][keyPath: vectors].center, width, table))
    }
  }
}

extension Center {
  /// The sums of squares of each channel over vectors one after another, less `center`, embedded by `table`.
  static func squares(
    _ floats: Span<Float>, around center: [Float], _ dimension: Int, _ table: RotaryTable?
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: dimension)
    var embedded = center.isEmpty ? [Float](repeating: 0, count: dimension) : center
    for (row, start) in stride(from: 0, to: floats.count, by: dimension).enumerated() {
      if !center.isEmpty { table?.embed(center, row: row, into: &embedded) }
      for i in 0..<dimension {
        let x = Double(floats[start + i] - embedded[i])
        sums[i] += x * x
      }
    }
    return sums
  }
}

extension KeyOrValueCodec {
  /// The channels in the order of the groups: those with the largest `squares` first, each group ascending.
  func channels(_ squares: [Double]) -> [UInt16] {
    let outliers = channelGroups[0].codec.dimension
    let byWeight = squares.indices.sorted { (squares[$0], $1) > (squares[$1], $0) }
    let chosen = Set(byWeight.prefix(outliers))
    let (first, second) = (
      squares.indices.filter { chosen.contains($0) },
      squares.indices.filter { !chosen.contains($0) }
    )
    return (first + second).map { UInt16($0) }
  }
}
