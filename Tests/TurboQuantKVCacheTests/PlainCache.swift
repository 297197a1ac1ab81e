import TestSupport
import TurboQuant

@testable import TurboQuantKVCache

/// What a cache of one key/value head holds, kept the plain way: tokens in a list, each as what stands for it.
///
/// Vectors become codes by the codec's public operations, one at a time; which tokens are exact and how, what the first
/// tokens beyond the sinks fix, and where a token stands, follows the documentation.
struct PlainCache {
  /// The key, or the value, of a token.
  struct Vector {
    /// As it came, or rounded to the format of exact tokens, or to float16 once stored so.
    var exact: [Float]
    /// What its code stands for, once it is one.
    var coded: Coded?
  }

  enum Coded {
    case vector([Float])
    /// Signs say something of inner products only: the rows of each channel group, and the embedded centre.
    case rows([CodeMatrix], embedded: [Float])
  }

  struct Vectors {
    var vectors: [Vector] = []
    /// What is taken off, and the channels of each group.
    var center: [Float] = []
    var channels: [[Int]] = []
    /// In what metric vectors become codes.
    var metric: KeyMetric?
  }

  /// Where a token is, and at which position.
  struct Place {
    let position: Int
    let isSink: Bool
    var isStored = false
  }

  let codec: KVCodec
  var keys = Vectors()
  var values = Vectors()
  private(set) var places: [Place] = []
  private(set) var format: ExactFormat
  private(set) var nextPosition = 0
  private var isFixed = false
  var count: Int { places.count }

  init(_ codec: KVCodec) {
    self.codec = codec
    let configuration = codec.configuration
    let hasExact = configuration.sinks > 0 || configuration.window > 0
    format = configuration.exactTokens ?? (hasExact ? .float16 : .float32)
    keys.metric = codec.keyMetrics.first
  }

  private var configuration: KVConfiguration { codec.configuration }
  /// How many tokens beyond the sinks fix what is to be fixed; one if nothing is.
  private var needed: Int {
    let isFixed = [codec.keyCodec, codec.valueCodec].compactMap { $0 }.contains {
      configuration.centering != .none || $0.hasOutliers
    }
    return isFixed ? configuration.centerTokens ?? 32 : 1
  }
  /// Exact tokens beyond the sinks, the oldest first.
  var open: [Int] { places.indices.filter { !places[$0].isSink && !places[$0].isStored } }

  mutating func append(_ newKeys: [[Float]], _ newValues: [[Float]]) throws {
    let isBeyond = places.contains { !$0.isSink }
    let toSinks =
      isBeyond ? 0 : min(newKeys.count, max(0, configuration.sinks - places.count))
    let isEnough = open.count + newKeys.count - toSinks >= needed
    if !isFixed, newKeys.count > toSinks, isEnough {
      isFixed = true
      let positions =
        open.map { places[$0].position } + (toSinks..<newKeys.count).map { nextPosition + $0 }
      let rotary = configuration.centering.rotary
      keys.fix(
        open.map { keys.vectors[$0].exact } + newKeys.dropFirst(toSinks), positions,
        codec.keyCodec, configuration, rotary)
      values.fix(
        open.map { values.vectors[$0].exact } + newValues.dropFirst(toSinks), positions,
        codec.valueCodec, configuration, nil)
    }
    for (i, (key, value)) in zip(newKeys, newValues).enumerated() {
      let isBeyondFloat16 =
        configuration.keys != .float16 && !fitsFloat16(key)
        || configuration.values != .float16 && !fitsFloat16(value)
      if configuration.exactTokens == nil, format == .float16, isBeyondFloat16 {
        format = .float32
      }
      keys.vectors.append(Vector(exact: rounded(key)))
      values.vectors.append(Vector(exact: rounded(value)))
      places.append(Place(position: nextPosition, isSink: i < toSinks))
      nextPosition += 1
      // The oldest tokens beyond the sinks that are exact leave a window that is full.
      guard isFixed || needed == 1 else { continue }
      for oldest in open.dropLast(configuration.window) {
        places[oldest].isStored = true
        let position = places[oldest].position
        try keys.store(
          oldest, position, codec.keyCodec, configuration.keys, configuration.centering.rotary)
        try values.store(oldest, position, codec.valueCodec, configuration.values, nil)
      }
    }
  }

  mutating func truncate(to newCount: Int) {
    guard newCount > 0 else { return self = PlainCache(codec) }
    if newCount < count { nextPosition = places[newCount].position }
    keys.vectors.removeLast(count - newCount)
    values.vectors.removeLast(count - newCount)
    places.removeLast(count - newCount)
  }

  mutating func remove(_ tokens: Range<Int>) {
    guard tokens.count < count else { return truncate(to: 0) }
    keys.vectors.removeSubrange(tokens)
    values.vectors.removeSubrange(tokens)
    places.removeSubrange(tokens)
  }

  private func fitsFloat16(_ x: [Float]) -> Bool {
    guard x.allSatisfy({ abs($0) < 65_520 }) else { return false }
    let moves = x.map { Double($0) - Double(Float(Float16($0))) }
    return moves.reduce(0) { $0 + $1 * $1 }
      <= 0x1p-20 * x.reduce(0) { $0 + Double($1) * Double($1) }
  }

  private func rounded(_ x: [Float]) -> [Float] {
    switch format {
    case .float32: x
    case .float16: x.map { Float(Float16($0)) }
    case .bfloat16:
      x.map { x in
        guard x != 0 else { return x }
        // The step of eight significant bits.
        let step = Float(sign: .plus, exponent: max(-126, x.exponent) - 7, significand: 1)
        return (x / step).rounded(.toNearestOrEven) * step
      }
    }
  }

  /// The scores of a query with all tokens.
  func scores(_ q: [Float], scale: Float) throws -> [Double] {
    try keys.vectors.map { vector in
      switch vector.coded {
      case nil: return dot(q, vector.exact) * Double(scale)
      case .vector(let x): return dot(q, x) * Double(scale)
      case .rows(let rows, let embedded):
        var sum = dot(q, embedded)
        let q = keys.metric?.equalized(queries: q.span, codec.kernels) ?? q
        for (number, group) in (codec.keyCodec?.channelGroups ?? []).enumerated() {
          let gathered = keys.channels[number].map { q[$0] }
          sum += try group.codec.values(group.codec.prepare(gathered.span), for: rows[number])[0]
        }
        return sum * Double(scale)
      }
    }
  }
}

extension PlainCache.Vectors {
  /// What stands for every token; for rows of signs, the vector that they came from.
  var standing: [Float] {
    vectors.flatMap { vector in
      if case .vector(let x) = vector.coded { x } else { vector.exact }
    }
  }

  /// Fixes centre and channels by tokens beyond the sinks.
  fileprivate mutating func fix(
    _ vectors: [[Float]], _ positions: [Int], _ codec: KeyOrValueCodec?,
    _ configuration: KVConfiguration, _ rotary: RotaryEmbedding?
  ) {
    guard let codec else { return }
    let d = codec.dimension
    if configuration.centering != .none {
      var sums = [Double](repeating: 0, count: d)
      for (i, x) in vectors.enumerated() {
        // Taking the embedding off is embedding at the opposite position.
        let back = rotary.map { embed(x.map(Double.init), $0, by: -Double(positions[i])) }
        for k in 0..<d { sums[k] += back?[k] ?? Double(x[k]) }
      }
      center = sums.map { Float($0 / Double(vectors.count)) }
    }
    var squares = [Double](repeating: 0, count: d)
    for (i, x) in vectors.enumerated() {
      var difference = zip(x, embedded(at: positions[i], rotary, d)).map { $0 - $1 }
      metric?.equalize(keys: &difference, codec.channelGroups[0].codec.kernels)
      for k in 0..<d { squares[k] += Double(difference[k]) * Double(difference[k]) }
    }
    var left = (0..<d).sorted { squares[$0] > squares[$1] }
    channels = codec.channelGroups.map { group in
      defer { left.removeFirst(group.codec.dimension) }
      return left.prefix(group.codec.dimension).sorted()
    }
    if !codec.hasOutliers { channels = [Array(0..<d)] }
  }

  private func embedded(at position: Int, _ rotary: RotaryEmbedding?, _ d: Int) -> [Float] {
    guard !center.isEmpty else { return [Float](repeating: 0, count: d) }
    return rotary.map { embed(center.map(Double.init), $0, by: Double(position)).map { Float($0) } }
      ?? center
  }

  fileprivate mutating func store(
    _ token: Int, _ position: Int, _ codec: KeyOrValueCodec?, _ precision: KVPrecision,
    _ rotary: RotaryEmbedding?
  ) throws {
    guard let codec else {
      if precision == .float16 {
        vectors[token].exact = vectors[token].exact.map { Float(Float16($0)) }
      }
      return
    }
    let embedded = embedded(at: position, rotary, codec.dimension)
    var x = zip(vectors[token].exact, embedded).map { $0 - $1 }
    let kernels = codec.channelGroups[0].codec.kernels
    metric?.equalize(keys: &x, kernels)
    var rows: [CodeMatrix] = []
    var result = [Float](repeating: 0, count: codec.dimension)
    for (group, groupChannels) in zip(codec.channelGroups, channels) {
      let v = groupChannels.map { x[$0] }
      let row = try group.codec.encode(v.span)
      rows.append(row)
      guard group.codec.sketch == nil else { continue }
      let decoded = try group.codec.decode(row)
      // ‖v‖ŷ, whose product with v is ‖v‖² times the alignment.
      let agreement = dot(decoded, v) / dot(v, v)
      let factor = group.estimator == .renormalized && agreement > 0 ? 1 / agreement : 1
      for (i, channel) in groupChannels.enumerated() {
        result[channel] = Float(Double(decoded[i]) * factor)
      }
    }
    metric?.restore(keys: &result, kernels)
    for i in result.indices { result[i] += embedded[i] }
    vectors[token].coded =
      codec.hasSigns ? .rows(rows, embedded: embedded) : .vector(result)
  }

  private func embed(_ x: [Double], _ rotary: RotaryEmbedding, by positions: Double) -> [Double] {
    var x = x
    for (i, phase) in rotary.phases(at: positions).enumerated() {
      let (a, b) = rotary.pair(i)
      (x[a], x[b]) = (phase.x * x[a] - phase.y * x[b], phase.y * x[a] + phase.x * x[b])
    }
    return x
  }
}
