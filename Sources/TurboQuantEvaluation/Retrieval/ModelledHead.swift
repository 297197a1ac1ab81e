internal import TurboQuant
internal import TurboQuantKernels

/// An attention head, drawn from a seed, with what makes caches of trained models lose tokens.
///
/// - **Uneven channels.** Keys have the scale ((i + ½)/d)^−0.45 in channel i of d. At d = 128 the logarithms of these
///   scales deviate by .44, and the largest scale is 9 times the median; in Llama 3.1 8B and Qwen2.5 7B root mean
///   squares of keys deviate by .43 and .46, and the largest is 7 and 9 times the median (medians over heads).
///   Queries have the scales of keys to the power −½: only the product counts, so training leaves some of the inverse
///   in the queries. Codes in the best diagonal metric then have half the noise variance.
/// - **A bias** that all keys share, longer than what tells them apart, as in the Qwen2 family. Queries read it as a
///   constant, which softmax cancels but for the sinks.
/// - **Sinks.** The first keys are short and lack the bias, and queries are directed against it. So each query scores
///   the sinks above nearly all other tokens. Their values are near zero: a query that finds nothing adds nothing.
/// - **Recent tokens** are ahead of older ones for every query, since their keys lack a share of the bias.
///
/// Everything else is normally distributed. Rotary embedding is left out: the bias does not turn.
package struct ModelledHead: Sendable {
  /// How many tokens are sinks, and how many are recent.
  package static let (sinks, recent) = (4, 64)
  /// Lengths of the sinks' keys and values in units of others'.
  private static let (sinkKey, sinkValue): (Float, Float) = (0.3, 0.02)
  /// Standard deviation of a query's scores over ordinary tokens.
  private static let spread = 3.5
  /// How far the sinks are above the mean of ordinary tokens: together they outweigh 131,072 of these,
  /// 4 · exp(18) > 131,072 · exp(3.5²/2), as sinks of models outweigh a context that holds no answer.
  private static let sinkLead = 18.0
  /// How far recent tokens are above ordinary ones: 64 of them weigh about as much as 131,072.
  private static let recentLead = 8.0
  private static let (keyExponent, queryExponent) = (-0.45, -0.5)

  /// Coordinates of keys, values and queries.
  package let dimension: Int
  /// Scales of keys' channels, their mean square 1, and of queries' channels.
  private let keyScales, queryScales: [Float]
  /// What all keys share but the sinks.
  private let bias: [Float]
  /// What a query adds to read the bias as 1.
  private let biasReader: [Float]

  /// A head whose bias is `bias` times as long as a key without it.
  package init(dimension: Int, bias length: Double, seed: UInt64) {
    self.dimension = dimension
    let scales = Self.scales(dimension)
    keyScales = scales.map { Float($0) }
    queryScales = scales.map { Float(Self.power($0, Self.queryExponent)) }
    var stream = RandomStream(seed: seed, purpose: .testData)
    let direction = scales.map { _ in Float(stream.nextNormal()) }
    let uneven = zip(keyScales, direction).map { $0 * $1 }
    let factor = Float(length * squareRoot(Double(dimension) / product(uneven, uneven)))
    bias = uneven.map { $0 * factor }
    let reader = zip(queryScales, direction).map { $0 * $1 }
    let read = Float(product(reader, bias))
    biasReader = reader.map { $0 / read }
  }

  private static func scales(_ dimension: Int) -> [Double] {
    let scales = (0..<dimension).map { power((Double($0) + 0.5) / Double(dimension), keyExponent) }
    let size = squareRoot(scales.reduce(0) { $0 + $1 * $1 } / Double(dimension))
    return scales.map { $0 / size }
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double {
    Portable.exp(exponent * Portable.log(base))
  }

  /// The largest lead, in standard deviations of scores, that a query can give the token it asks for.
  ///
  /// With the key's own direction as query, the score has the expectation Σ sᵢtᵢ, and those of others deviate by
  /// √Σ (sᵢtᵢ)²; s and t are the scales of keys and queries.
  package static func largestLead(dimension: Int) -> Double {
    let products = scales(dimension).map { $0 * power($0, queryExponent) }
    return products.reduce(0, +) / squareRoot(products.reduce(0) { $0 + $1 * $1 })
  }

  /// Keys and values of a context of `tokens`, one after another.
  func context(
    tokens: Int, _ stream: inout RandomStream
  ) -> (keys: [Float], values: [Float]) {
    var keys: [Float] = []
    var values: [Float] = []
    keys.reserveCapacity(tokens * dimension)
    values.reserveCapacity(tokens * dimension)
    let recentBias = Float(1 - Self.recentLead / Self.sinkLead)
    for token in 0..<tokens {
      let isSink = token < Self.sinks
      let biasShare = isSink ? 0 : token < tokens - Self.recent ? 1 : recentBias
      let (keySize, valueSize) = isSink ? (Self.sinkKey, Self.sinkValue) : (1, 1)
      for i in 0..<dimension {
        keys.append(biasShare * bias[i] + keySize * keyScales[i] * Float(stream.nextNormal()))
        values.append(valueSize * Float(stream.nextNormal()))
      }
    }
    return (keys, values)
  }

  /// A token that is neither a sink nor recent.
  func ordinaryToken(of tokens: Int, _ stream: inout RandomStream) -> Int {
    Self.sinks + Int(stream.nextInteger(below: UInt32(tokens - Self.sinks - Self.recent)))
  }

  /// A query for an ordinary token, whose score is `lead` standard deviations above the mean of other ordinary tokens.
  ///
  /// The lead is exact, so that no needle is easier than another.
  func query(for key: Span<Float>, lead: Double, _ stream: inout RandomStream) -> [Float] {
    let own = bias.indices.map { key[$0] - bias[$0] }
    // One part reads the key, the other only other tokens, and neither the bias.
    var along = own.indices.map { queryScales[$0] * own[$0] / keyScales[$0] }
    var across = own.indices.map { queryScales[$0] * Float(stream.nextNormal()) }
    add(biasReader, times: -product(along, bias), to: &along)
    add(biasReader, times: -product(across, bias), to: &across)
    add(along, times: -product(across, own) / product(along, own), to: &across)
    // Scores are divided by the root of the dimension.
    let unit = squareRoot(Double(dimension))
    var query = [Float](repeating: 0, count: dimension)
    add(biasReader, times: -Self.sinkLead * unit, to: &query)
    let weight = (lead * Self.spread * unit - product(query, own)) / product(along, own)
    add(along, times: weight, to: &query)
    let (variance, most) = (weight * weight * keyVariance(along), Self.spread * Self.spread)
    let rest = max(0, most * Double(dimension) - variance) / keyVariance(across)
    add(across, times: squareRoot(rest), to: &query)
    return query
  }

  /// The variance of the products of a query with keys.
  private func keyVariance(_ query: [Float]) -> Double {
    let scaled = zip(keyScales, query).map { $0 * $1 }
    return product(scaled, scaled)
  }
}

private func product(_ x: [Float], _ y: [Float]) -> Double {
  zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

private func add(_ x: [Float], times factor: Double, to sum: inout [Float]) {
  for i in sum.indices { sum[i] += Float(factor) * x[i] }
}
