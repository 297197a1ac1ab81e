internal import TurboQuant
internal import TurboQuantKernels

/// A few queries of one head, rotated and projected for keys that are kept as codes.
///
/// One object with flat arrays: reading a page of codes is so short that retaining many objects for it shows.
final class KeyQueries: Sendable {
  let queries: [Query]
  /// For parts of a sealed page in quads: whole numbers of at most 64, part by part, one query after another.
  let weights: [Int8]
  /// Where the weights of each part begin, and at last where they end.
  private let starts: [Int]
  /// What makes scores of sums, of every part of a sealed page, and of an open one, one a query.
  private let sealedFactors, openFactors: [KeyFactors]

  /// Prepares queries that lie one after another, whose scores count `scale`.
  init(_ vectors: Span<Float>, _ codec: RowCodec, scale: Float) throws(CodecError) {
    let d = codec.codec.dimension
    var queries: [Query] = []
    for start in stride(from: 0, to: vectors.count, by: d) {
      queries.append(try codec.codec.prepare(vectors.extracting(start..<start + d)))
    }
    var weights: [Int8] = []
    var starts = [0]
    var sealedFactors: [KeyFactors] = []
    for (part, centroids) in zip(codec.sealedLayout.parts, codec.wholeCentroids) {
      let weight = codec.weight(of: part.content) * Double(scale)
      for query in queries {
        let meaning =
          centroids.map {
            KeyQueries.append(query.coordinates(part), centroidStep: $0.step, to: &weights)
          } ?? (1, 0)
        sealedFactors.append(KeyFactors(meaning, times: weight * query.norm))
      }
      starts.append(weights.count)
    }
    let openFactors = codec.openLayout.parts.flatMap { part in
      let weight = codec.weight(of: part.content) * Double(scale)
      return queries.map { KeyFactors((1, 0), times: weight * $0.norm) }
    }
    self.queries = queries
    (self.weights, self.starts) = (weights, starts)
    (self.sealedFactors, self.openFactors) = (sealedFactors, openFactors)
  }

  /// The queries of every part of a side's codec.
  static func all(
    _ vectors: Span<Float>, _ codec: SideCodec, _ channels: [UInt16], scale: Float
  ) throws(CodecError) -> [KeyQueries] {
    guard codec.hasOutliers else {
      return [try KeyQueries(vectors, codec.parts[0], scale: scale)]
    }
    var all: [KeyQueries] = []
    for number in codec.parts.indices {
      let own = codec.gathered(vectors, channels, part: number)
      all.append(try KeyQueries(own.span, codec.parts[number], scale: scale))
    }
    return all
  }

  /// The number of queries.
  var count: Int { queries.count }

  /// Where the weights for a part of a sealed page are.
  func weightRange(ofPart number: Int) -> Range<Int> { starts[number]..<starts[number + 1] }

  /// What makes scores of the sums of query `q` over a part of a page.
  func factors(ofPart number: Int, query q: Int, isSealed: Bool) -> KeyFactors {
    isSealed ? sealedFactors[number * count + q] : openFactors[number * count + q]
  }

  /// Appends the weights of a query of unit direction `u`; a sum of whole centroids times weights means ⟨ŷ, u⟩ =
  /// step · sum + offset.
  private static func append(
    _ u: Span<Float>, centroidStep: Double, to weights: inout [Int8]
  ) -> (step: Double, offset: Double) {
    var largest: Float = 0
    for i in u.indices { largest = max(largest, abs(u[i])) }
    let step = Double(largest) / 64
    let inverse = step > 0 ? 1 / step : 0
    var sum = 0
    weights.reserveCapacity(weights.count + u.count)
    for i in u.indices {
      let weight = Portable.nearest(Double(u[i]) * inverse)
      weights.append(Int8(truncatingIfNeeded: weight))
      sum += weight
    }
    // Whole centroids stand 64 above what they mean.
    return (step * centroidStep, -64 * Double(sum) * step * centroidStep)
  }
}

extension KeyFactors {
  fileprivate init(_ meaning: (step: Double, offset: Double), times factor: Double) {
    self.init(
      step: Float(meaning.step * factor), offset: Float(meaning.offset * factor), normShare: 0,
      constant: 0)
  }
}

extension RowCodec {
  /// What the products with a part count in the estimate of an inner product.
  fileprivate func weight(of content: PageLayout.Part.Content) -> Double {
    if case .signs = content, let sketch = codec.sketch { sketch.scale } else { 1 }
  }
}

extension Query {
  /// What meets the codes, or the signs, of a part.
  @_lifetime(borrow self)
  borrowing func coordinates(_ part: PageLayout.Part) -> Span<Float> {
    if case .signs = part.content { return projections.span.extracting(part.coordinates) }
    return direction.span.extracting(part.coordinates)
  }
}
