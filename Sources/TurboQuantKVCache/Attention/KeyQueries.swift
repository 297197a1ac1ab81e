internal import TurboQuant
internal import TurboQuantKernels

/// A few queries of one head, rotated and projected for keys that are kept as codes.
struct KeyQueries: Sendable {
  let queries: [Query]
  /// For each part of a sealed page; nil for packed rows.
  let weights: [WholeWeights?]

  /// Prepares queries that lie one after another.
  init(_ vectors: Span<Float>, _ codec: RowCodec) throws(CodecError) {
    let d = codec.codec.dimension
    var queries: [Query] = []
    for start in stride(from: 0, to: vectors.count, by: d) {
      queries.append(try codec.codec.prepare(vectors.extracting(start..<start + d)))
    }
    var weights: [WholeWeights?] = []
    for (part, centroids) in zip(codec.sealedLayout.parts, codec.wholeCentroids) {
      guard let centroids else {
        weights.append(nil)
        continue
      }
      var own = WholeWeights()
      for query in queries { own.append(query.coordinates(part), centroidStep: centroids.step) }
      weights.append(own)
    }
    self.queries = queries
    self.weights = weights
  }

  /// The queries of every part of a side's codec.
  static func all(
    _ vectors: Span<Float>, _ codec: SideCodec, _ channels: [UInt16]
  ) throws(CodecError) -> [KeyQueries] {
    guard codec.hasOutliers else { return [try KeyQueries(vectors, codec.parts[0])] }
    var all: [KeyQueries] = []
    for number in codec.parts.indices {
      let own = codec.gathered(vectors, channels, part: number)
      all.append(try KeyQueries(own.span, codec.parts[number]))
    }
    return all
  }
}

/// Queries as whole numbers of at most 64, one after another.
struct WholeWeights: Sendable {
  private(set) var weights: [Int8] = []
  /// What a sum of whole centroids times weights means: ⟨ŷ, u⟩ = step · sum + offset.
  private(set) var meanings: [(step: Double, offset: Double)] = []

  /// Adds the query of unit direction `u`.
  mutating func append(_ u: Span<Float>, centroidStep: Double) {
    var largest: Float = 0
    for i in u.indices { largest = max(largest, abs(u[i])) }
    let step = Double(largest) / 64
    let inverse = step > 0 ? 1 / step : 0
    var sum = 0
    for i in u.indices {
      let weight = Portable.nearest(Double(u[i]) * inverse)
      weights.append(Int8(weight))
      sum += weight
    }
    // Whole centroids stand 64 above what they mean.
    meanings.append((step * centroidStep, -64 * Double(sum) * step * centroidStep))
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
