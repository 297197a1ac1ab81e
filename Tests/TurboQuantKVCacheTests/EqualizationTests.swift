import TestSupport
import Testing
import TurboQuantKernels

@testable import TurboQuant
@testable import TurboQuantKVCache

/// Random metrics: a diagonal of factors 1/4 … 4, or such a triangle with numbers beside the diagonal.
func equalization(
  _ kind: KVEqualization.Kind, _ dimension: Int, heads: Int, _ dice: inout Dice
) throws -> KVEqualization {
  var all: [[Float]] = []
  for _ in 0..<heads {
    var head: [Float] = []
    for i in 0..<dimension {
      head.append(Float(Portable.exp(Double(dice.normal()) / 2).clamped(to: 0.25...4)))
      guard kind == .matrix else { continue }
      for _ in i + 1..<max(i + 1, dimension) { head.append(dice.normal() / Float(dimension)) }
    }
    all.append(head)
  }
  return try KVEqualization(kind, heads: all)
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    min(max(self, range.lowerBound), range.upperBound)
  }
}

@Suite struct EqualizationTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// T of a head as a square, in double precision.
  private func square(_ equalization: KVEqualization, head: Int) -> [[Double]] {
    let (d, numbers) = (equalization.dimension, equalization.heads[head].map { Double($0) })
    return (0..<d).map { i in
      (0..<d).map { j in
        switch equalization.kind {
        case .diagonal: i == j ? numbers[i] : 0
        case .matrix: j < i ? 0 : numbers[(0..<i).reduce(0) { $0 + d - $1 } + j - i]
        }
      }
    }
  }

  @Test("Keys and queries become what T and T⁻ᵀ make of them", arguments: [1, 2, 5, 48, 80])
  func products(d: Int) throws {
    var dice = Dice(seed: UInt64(d))
    let kernels = try Kernels.chosen()
    for kind in KVEqualization.Kind.allCases {
      let found = try equalization(kind, d, heads: 2, &dice)
      for h in 0..<2 {
        let t = square(found, head: h)
        let metric = KeyMetric(found.heads[h], kind, d)
        let (k, q) = (dice.normals(3 * d), dice.normals(3 * d))
        var keys = k
        metric.equalize(keys: &keys, kernels)
        let queries = metric.equalized(queries: q.span, kernels)
        for row in 0..<3 {
          let (kr, qr) = (Array(k[row * d..<(row + 1) * d]), Array(q[row * d..<(row + 1) * d]))
          for i in 0..<d {
            let terms = (0..<d).map { t[i][$0] * Double(kr[$0]) }
            // d products and sums of float32.
            let bound = Double(d + 1) * 0x1p-24 * terms.reduce(0) { $0 + abs($1) }
            #expect(
              abs(Double(keys[row * d + i]) - terms.reduce(0, +)) <= bound, "\(kind) \(d) \(h)")
          }
          // Tᵀ·(T⁻ᵀ·q) = q.
          let own = queries[row * d..<(row + 1) * d].map { Double($0) }
          for j in 0..<d {
            let terms = (0..<d).map { t[$0][j] * own[$0] }
            let bound = Double(4 * d) * 0x1p-24 * terms.reduce(Double(abs(qr[j]))) { $0 + abs($1) }
            #expect(abs(terms.reduce(0, +) - Double(qr[j])) <= bound, "\(kind) \(d) \(h)")
          }
        }
        metric.restore(keys: &keys, kernels)
        for (x, y) in zip(keys, k) { #expect(abs(x - y) <= Float(16 * d) * 0x1p-24 * 4) }
      }
    }
  }

  @Test("The scale of a metric changes nothing, and no key gets longer") func scale() throws {
    var dice = Dice(seed: 3)
    for kind in KVEqualization.Kind.allCases {
      let first = try equalization(kind, 24, heads: 2, &dice)
      for power in [-90, -1, 7, 90] {
        let factor = Float(sign: .plus, exponent: power, significand: 1)
        #expect(
          try KVEqualization(kind, heads: first.heads.map { $0.map { $0 * factor } }) == first)
      }
      #expect(try KVEqualization(kind, heads: first.heads) == first)
      for h in 0..<2 {
        let (t, metric) = (square(first, head: h), KeyMetric(first.heads[h], kind, 24))
        #expect(t.joined().reduce(0) { max($0, abs($1)) } > 0.05)
        for _ in 0..<50 {
          var x = dice.normals(24)
          let length = dot(x, x)
          metric.equalize(keys: &x, try Kernels.chosen())
          #expect(dot(x, x) <= length)
        }
      }
    }
  }

  @Test("Impossible metrics are refused with the reason") func refusals() throws {
    func message(_ kind: KVEqualization.Kind, _ heads: [[Float]]) -> String {
      do {
        _ = try KVEqualization(kind, heads: heads)
        return ""
      } catch { return error.description }
    }
    #expect(message(.diagonal, []).contains("0 heads of [] numbers"))
    #expect(message(.diagonal, [[]]).contains("1 heads of [0] numbers"))
    #expect(message(.diagonal, Array(repeating: [1], count: 65_537)).contains("65537 heads"))
    #expect(message(.diagonal, [[1, 2], [1]]).contains("[1, 2] numbers"))
    #expect(message(.matrix, [[1, 2]]).contains("d(d + 1)/2 for a matrix"))
    #expect(message(.diagonal, [[1, .nan]]).contains("not a finite number"))
    #expect(message(.diagonal, [[1, .infinity]]).contains("not a finite number"))
    #expect(message(.diagonal, [[1, 1], [1, 0]]).contains("head 1: factor 1 is 0.0"))
    #expect(message(.diagonal, [[1, -1]]).contains("factor 1 is -1.0"))
    #expect(message(.matrix, [[1, 5, -1]]).contains("factor 1 of the diagonal is -1.0"))
    #expect(message(.diagonal, [[1, 0x1p-24]]) == "")
    #expect(message(.diagonal, [[1, 0x1p-25]]).contains("at most 2^24"))
    #expect(message(.diagonal, [[0x1p100, 0x1p-140]]).contains("at most 2^24"))
    #expect(message(.matrix, [[1, 0x1p25, 1]]).contains("at most 2^24"))
    #expect(message(.matrix, [[2e38, 3e38, 3e38]]) == "")
  }

  @Test("A configuration takes metrics of its heads, for keys that become codes")
  func configurations()
    throws
  {
    var dice = Dice(seed: 4)
    let shape = KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 16)
    var configuration = KVConfiguration(shape: shape, keys: .bits(3), values: .bits(3))
    func refusal() -> String {
      do {
        _ = try KVCodec(configuration)
        return ""
      } catch { return error.description }
    }
    configuration.equalization = try equalization(.diagonal, 16, heads: 2, &dice)
    #expect(refusal() == "")
    let other = try configuration.configuration(
      forLayer: 0, of: 3, boundary: 1, keys: .float16, values: .float16)
    #expect(other.equalization == nil)
    configuration.keys = .float16
    #expect(refusal().contains("kept as f16"))
    configuration.keys = .bits(2)
    configuration.equalization = try equalization(.matrix, 16, heads: 1, &dice)
    #expect(refusal().contains("1 heads of 16 coordinates, expected 2 of 16"))
    configuration.equalization = try equalization(.matrix, 15, heads: 2, &dice)
    #expect(refusal().contains("2 heads of 15 coordinates"))
  }

  @Test(
    "Attention with every kind of keys stays within the bound",
    arguments: KVEqualization.Kind.allCases)
  func attention(kind: KVEqualization.Kind) throws {
    var dice = Dice(seed: 5)
    let shape = KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 48, valueDimension: 32)
    let precisions = [KVPrecision.bits(2), .bits(4), .bits(6), .outliers(bits: 2)]
    for keys in isOptimizedBuild ? precisions : [.outliers(bits: 2)] {
      for centering in [
        KVCentering.none, .mean, .rotaryMean(RotaryEmbedding(frequencies: [1, 0.1])),
      ] {
        var configuration = KVConfiguration(shape: shape, keys: keys, values: .bits(4))
        configuration.centering = centering
        configuration.sinks = 2
        configuration.window = 30
        configuration.equalization = try equalization(kind, 48, heads: 2, &dice)
        var cache = KVCache(try KVCodec(configuration))
        let n = 600
        try cache.append(
          keys: dice.normals(2 * n * 48).map { $0 + 0.5 }, values: dice.normals(2 * n * 32))
        for _ in 0..<3 {
          try cache.append(keys: dice.normals(2 * 48), values: dice.normals(2 * 32))
        }
        try cache.expectAttention(
          dice.normals(4 * 2 * 48, scale: 0.5), tokens: 2, "\(kind) \(keys) \(centering)")
        let copy = try KVCache(serialized: cache.serialized(), codec: cache.codec)
        #expect(try copy.decoded(head: 1).keys == cache.decoded(head: 1).keys)
      }
    }
  }

  @Test("A snapshot of another equalization is refused") func snapshots() throws {
    var dice = Dice(seed: 6)
    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 16)
    var configuration = KVConfiguration(shape: shape, keys: .bits(3), values: .bits(3))
    configuration.equalization = try equalization(.diagonal, 16, heads: 1, &dice)
    var cache = KVCache(try KVCodec(configuration))
    try cache.append(keys: dice.normals(300 * 16), values: dice.normals(300 * 16))
    let path = scratch.file("one.tqkv")
    try cache.save(to: path)
    #expect(try KVCache(opening: path, codec: cache.codec).memory == cache.memory)
    for other in [nil, try equalization(.diagonal, 16, heads: 1, &dice)] {
      configuration.equalization = other
      let codec = try KVCodec(configuration)
      #expect(codec.fingerprint != cache.codec.fingerprint)
      let error = #expect(throws: KVCacheError.self) { try KVCache(opening: path, codec: codec) }
      #expect(error?.description.contains("equalization: diagonal") == true)
    }
  }
}
