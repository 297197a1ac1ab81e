internal import TurboQuant
internal import TurboQuantKernels

/// A few queries of one head, rotated and projected for keys that are kept as codes.
///
/// One object with flat arrays: reading a page is so short that retaining many objects would take a measurable time.
final class PreparedQueries {
  let queries: [Query]
  /// For quads of at most 4 bits: integers of at most 64, part by part, one query after another.
  let weights: [Int8]
  /// For quads of more than 4 bits: integers of at most ``QuadShape/largestWeight``.
  let wideWeights: [Int16]
  /// For angles.
  let angles: AngleQueries?
  /// Where the weights of each part are.
  private let ranges: [Range<Int>]
  /// What makes scores of sums, for every part of a sealed and of an open page, one per query.
  private let sealedFactors, openFactors: [SimilarityFactors]

  /// Prepares queries that lie one after another; scores are multiplied by `scale`.
  init(_ vectors: Span<Float>, _ codec: ChannelGroupCodec, scale: Float) throws(CodecError) {
    let d = codec.codec.dimension
    var queries: [Query] = []
    for start in stride(from: 0, to: vectors.count, by: d) {
      queries.append(try codec.codec.prepare(vectors.extracting(start..<start + d)))
    }
    var weights: [Int8] = []
    var wideWeights: [Int16] = []
    var ranges: [Range<Int>] = []
    var sealedFactors: [SimilarityFactors] = []
    for (part, centroids) in zip(codec.sealedLayout.parts, codec.integerCodebooks) {
      let weight = codec.weight(of: part.content) * Double(scale)
      let (start, wideStart) = (weights.count, wideWeights.count)
      for query in queries {
        var meaning = SumScale(step: 1, offset: 0)
        switch centroids?.numbers {
        case .int8:
          meaning = IntegerQuery.append(query.coordinates(part), to: &weights)
        case .int16:
          meaning = IntegerQuery.append(
            query.coordinates(part), largest: QuadShape.largestWeight, to: &wideWeights)
        case nil: break
        }
        let factor = weight * query.norm * (centroids?.step ?? 1)
        sealedFactors.append(SimilarityFactors(meaning, times: factor))
      }
      let isWide = wideWeights.count > wideStart
      ranges.append(isWide ? wideStart..<wideWeights.count : start..<weights.count)
    }
    let openFactors = codec.openLayout.parts.flatMap { part in
      let weight = codec.weight(of: part.content) * Double(scale)
      return queries.map {
        SimilarityFactors(SumScale(step: 1, offset: 0), times: weight * $0.norm)
      }
    }
    self.queries = queries
    angles = codec.codec.polarQuantizer.map {
      AngleQueries(queries, $0.kernel, codec.codec.kernels)
    }
    (self.weights, self.wideWeights, self.ranges) = (weights, wideWeights, ranges)
    (self.sealedFactors, self.openFactors) = (sealedFactors, openFactors)
  }

  /// Prepares queries for every channel group.
  static func all(
    _ vectors: Span<Float>, _ codec: KeyOrValueCodec, _ channels: [UInt16], scale: Float
  ) throws(CodecError) -> [PreparedQueries] {
    guard codec.hasOutliers else {
      return [try PreparedQueries(vectors, codec.channelGroups[0], scale: scale)]
    }
    var all: [PreparedQueries] = []
    for number in codec.channelGroups.indices {
      let gathered = codec.gathered(vectors, channels, group: number)
      all.append(try PreparedQueries(gathered.span, codec.channelGroups[number], scale: scale))
    }
    return all
  }

  /// The number of queries.
  var count: Int { queries.count }

  /// Where the weights for a part of a sealed page are.
  func weightRange(ofPart number: Int) -> Range<Int> { ranges[number] }

  /// What makes scores of the sums of query `q` over a part of a page.
  func factors(ofPart number: Int, query q: Int, isSealed: Bool) -> SimilarityFactors {
    isSealed ? sealedFactors[number * count + q] : openFactors[number * count + q]
  }
}

extension SimilarityFactors {
  fileprivate init(_ meaning: SumScale, times factor: Double) {
    self.init(
      step: Float(meaning.step * factor), offset: Float(meaning.offset * factor), normFactor: 0,
      constant: 0)
  }
}

extension ChannelGroupCodec {
  /// The factor of a part's products in the estimate of an inner product.
  fileprivate func weight(of content: PageLayout.Part.Content) -> Double {
    if case .signs = content, let sketch = codec.sketch { sketch.scale } else { 1 }
  }
}

extension Query {
  /// What the codes, or the signs, of a part are multiplied by.
  @_lifetime(borrow self)
  borrowing func coordinates(_ part: PageLayout.Part) -> Span<Float> {
    if case .signs = part.content { return projections.span.extracting(part.coordinates) }
    return direction.span.extracting(part.coordinates)
  }
}
