import TestSupport
import TurboQuant

@testable import TurboQuantKVCache

/// What a cache of one key/value head holds, kept the plain way: tokens in a list, each as what stands for it.
///
/// Vectors become codes by the codec's public operations, one at a time; which tokens are exact, and what the
/// first token beyond the sinks fixes, follows the documentation.
struct PlainCache {
  /// The key, or the value, of a token.
  struct Vector {
    /// As it came, or rounded to float16 where tokens pass through it.
    let exact: [Float]
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
  }

  let codec: KVCodec
  var keys = Vectors()
  var values = Vectors()
  var count: Int { keys.vectors.count }
  private var isFixed = false

  init(_ codec: KVCodec) { self.codec = codec }

  private var configuration: KVConfiguration { codec.configuration }

  mutating func append(_ newKeys: [[Float]], _ newValues: [[Float]]) throws {
    let beyond = max(0, configuration.sinks - count)
    if !isFixed, newKeys.count > beyond {
      isFixed = true
      let rotary = configuration.centering.rotary
      keys.fix(
        newKeys.dropFirst(beyond), from: count + beyond, codec.keyCodec, configuration, rotary)
      values.fix(
        newValues.dropFirst(beyond), from: count + beyond, codec.valueCodec, configuration, nil)
    }
    for (key, value) in zip(newKeys, newValues) {
      keys.vectors.append(Vector(exact: rounded(key, configuration.keys)))
      values.vectors.append(Vector(exact: rounded(value, configuration.values)))
      isStored.append(false)
      // The oldest token beyond the sinks that is exact leaves a window that is full.
      let open = (min(configuration.sinks, count)..<count).filter { !isStored[$0] }
      if open.count > configuration.window, let oldest = open.first {
        isStored[oldest] = true
        try keys.store(oldest, codec.keyCodec, configuration.centering.rotary)
        try values.store(oldest, codec.valueCodec, nil)
      }
    }
  }

  /// Which tokens have left the window.
  private var isStored: [Bool] = []

  mutating func truncate(to newCount: Int) {
    keys.vectors.removeLast(count - newCount)
    values.vectors.removeLast(values.vectors.count - newCount)
    isStored.removeLast(isStored.count - newCount)
    if newCount == 0 { self = PlainCache(codec) }
  }

  private func rounded(_ x: [Float], _ precision: KVPrecision) -> [Float] {
    let isFloat16 = codec.roundsToFloat16 || precision == .float16
    return isFloat16 ? x.map { Float(Float16($0)) } : x
  }

  /// The scores of a query with all tokens.
  func scores(_ q: [Float], scale: Float) throws -> [Double] {
    try keys.vectors.map { vector in
      switch vector.coded {
      case nil: return dot(q, vector.exact) * Double(scale)
      case .vector(let x): return dot(q, x) * Double(scale)
      case .rows(let rows, let embedded):
        var sum = dot(q, embedded)
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

  /// Fixes centre and channels by the tokens beyond the sinks of one append.
  fileprivate mutating func fix(
    _ vectors: ArraySlice<[Float]>, from position: Int, _ codec: KeyOrValueCodec?,
    _ configuration: KVConfiguration, _ rotary: RotaryEmbedding?
  ) {
    guard let codec else { return }
    let d = codec.dimension
    if configuration.centering != .none {
      var sums = [Double](repeating: 0, count: d)
      for (i, x) in vectors.enumerated() {
        // Taking the embedding off is embedding at the opposite position.
        let back = rotary.map { embed(x.map(Double.init), $0, by: -Double(position + i)) }
        for k in 0..<d { sums[k] += back?[k] ?? Double(x[k]) }
      }
      center = sums.map { Float($0 / Double(vectors.count)) }
    }
    var squares = [Double](repeating: 0, count: d)
    for (i, x) in vectors.enumerated() {
      let difference = zip(x, embedded(at: position + i, rotary, d)).map { $0 - $1 }
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
    _ token: Int, _ codec: KeyOrValueCodec?, _ rotary: RotaryEmbedding?
  ) throws {
    guard let codec else { return }
    let embedded = embedded(at: token, rotary, codec.dimension)
    let x = zip(vectors[token].exact, embedded).map { $0 - $1 }
    var rows: [CodeMatrix] = []
    var result = embedded
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
        result[channel] += Float(Double(decoded[i]) * factor)
      }
    }
    vectors[token].coded =
      codec.hasSigns ? .rows(rows, embedded: embedded) : .vector(result)
  }

  private func embed(_ x: [Double], _ rotary: RotaryEmbedding, by positions: Double) -> [Double] {
    var x = x
    rotary.apply(rotary.phases(at: positions), to: &x)
    return x
  }
}
