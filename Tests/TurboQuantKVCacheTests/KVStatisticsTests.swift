import Foundation
import TestSupport
import Testing

@testable import TurboQuant
@testable import TurboQuantKVCache

@Suite struct KVStatisticsTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private let shape = KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 12)

  private func configuration(_ centering: KVCentering = .none, sinks: Int = 0) -> KVConfiguration {
    var configuration = KVConfiguration(shape: shape, keys: .bits(3), values: .bits(3))
    (configuration.centering, configuration.sinks) = (centering, sinks)
    return configuration
  }

  /// `heads` × `tokens` vectors whose channels mix: x ← M·normal + shift.
  private func vectors(
    _ heads: Int, _ tokens: Int, _ mixing: [[Double]], _ dice: inout Dice
  ) -> [Float] {
    (0..<heads * tokens).flatMap { _ in
      let x = dice.normals(12)
      return mixing.map { row in Float(zip(row, x).reduce(0) { $0 + $1.0 * Double($1.1) }) }
    }
  }

  private func mixing(_ dice: inout Dice) -> [[Double]] {
    var rows: [[Double]] = []
    for i in 0..<12 {
      var row = (0..<12).map { _ in 0.4 * Double(dice.normal()) }
      row[i] += Portable.exp(Double(i % 5) - 2)
      rows.append(row)
    }
    return rows
  }

  @Test(
    "A diagonal is the quarter power of the ratio of mean squares, around the centre, without sinks"
  )
  func diagonal() throws {
    var dice = Dice(seed: 11)
    let tokens = 300
    let keys = vectors(2, tokens, mixing(&dice), &dice).map { $0 + 3 }
    let queries = vectors(4, tokens, mixing(&dice), &dice)
    for (centering, sinks) in [(KVCentering.none, 0), (.mean, 0), (.mean, 4)] {
      var statistics = try KVStatistics(configuration(centering, sinks: sinks))
      try statistics.add(keys: keys.span, queries: queries.span)
      #expect(statistics.tokenCount == tokens - sinks)
      let found = try statistics.equalization(.diagonal)
      for h in 0..<2 {
        let expected = (0..<12).map { i -> Double in
          let x = (sinks..<tokens).map { Double(keys[(h * tokens + $0) * 12 + i]) }
          let mean = centering == .none ? 0 : x.reduce(0, +) / Double(x.count)
          let key = x.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
          var query = 0.0
          for row in (2 * h..<2 * h + 2).flatMap({ $0 * tokens + sinks..<($0 + 1) * tokens }) {
            query += Double(queries[row * 12 + i]) * Double(queries[row * 12 + i])
          }
          return (query / key).squareRoot().squareRoot()
        }
        let scale = Double(found.heads[h][0]) / expected[0]
        for i in 0..<12 {
          let ratio = Double(found.heads[h][i]) / (expected[i] * scale)
          #expect(abs(ratio - 1) < 1e-5, "head \(h), channel \(i)")
        }
      }
    }
  }

  @Test("A matrix solves G·A·G = B, and its noise is least") func matrix() throws {
    var dice = Dice(seed: 12)
    let (keyMixing, queryMixing) = (mixing(&dice), mixing(&dice))
    func moment(_ m: [[Double]]) -> [[Double]] {
      m.map { row in m.map { other in zip(row, other).reduce(0) { $0 + $1.0 * $1.1 } } }
    }
    let (a, b) = (moment(keyMixing), moment(queryMixing))
    let pair = MomentPair(
      keys: Array(a.joined()), queries: Array(b.joined()), 12)
    let triangle = pair.triangle(shrinkage: 0)
    var t = [[Double]](repeating: [Double](repeating: 0, count: 12), count: 12)
    for i in 0..<12 {
      for j in i..<12 { t[i][j] = triangle[Triangle.start(ofRow: i, 12) + j - i] }
    }
    func product(_ x: [[Double]], _ y: [[Double]]) -> [[Double]] {
      x.map { row in
        y[0].indices.map { j in row.indices.reduce(0) { $0 + row[$1] * y[$1][j] } }
      }
    }
    func transposed(_ x: [[Double]]) -> [[Double]] { x[0].indices.map { j in x.map { $0[j] } } }
    let g = product(transposed(t), t)
    let found = product(product(g, a), g)
    // B up to a scale.
    let scale = found[0][0] / b[0][0]
    let size = b.joined().reduce(0) { max($0, abs($1)) }
    for i in 0..<12 {
      for j in 0..<12 { #expect(abs(found[i][j] / scale - b[i][j]) < 1e-6 * size, "\(i) \(j)") }
    }
    func noise(_ t: [[Double]]) -> Double {
      let inverse = Triangle.inverse(
        (0..<12).flatMap { i in (i..<12).map { t[i][$0] } }, 12)
      // T⁻ᵀ, a lower triangle.
      var u = [[Double]](repeating: [Double](repeating: 0, count: 12), count: 12)
      for i in 0..<12 {
        for j in i..<12 { u[j][i] = inverse[Triangle.start(ofRow: i, 12) + j - i] }
      }
      func trace(_ x: [[Double]], _ m: [[Double]]) -> Double {
        let all = product(product(x, m), transposed(x))
        return all.indices.reduce(0) { $0 + all[$1][$1] }
      }
      return trace(t, a) * trace(u, b)
    }
    let least = noise(t)
    for _ in 0..<200 {
      var other = t
      for i in 0..<12 { for j in i..<12 { other[i][j] *= 1 + 0.05 * Double(dice.normal()) } }
      #expect(noise(other) >= least * (1 - 1e-9))
    }
    var diagonal = [[Double]](repeating: [Double](repeating: 0, count: 12), count: 12)
    for i in 0..<12 { diagonal[i][i] = pair.diagonal[i] }
    #expect(noise(diagonal) > 1.05 * least)
  }

  @Test(
    "Channels scaled in keys and inversely in queries change no code",
    arguments: KVEqualization.Kind.allCases)
  func equivariance(kind: KVEqualization.Kind) throws {
    var dice = Dice(seed: 13)
    let tokens = 600
    let keys = vectors(2, tokens, mixing(&dice), &dice)
    let queries = vectors(4, tokens, mixing(&dice), &dice)
    let factors = (0..<12).map { _ in
      Float(sign: .plus, exponent: dice.below(9) - 4, significand: 1)
    }
    let values = dice.normals(2 * tokens * 12)
    func output(_ keys: [Float], _ queries: [Float]) throws -> [Float] {
      var configuration = configuration(.mean)
      var statistics = try KVStatistics(configuration)
      try statistics.add(keys: keys.span, queries: queries.span)
      configuration.equalization = try statistics.equalization(kind)
      var cache = KVCache(try KVCodec(configuration))
      try cache.append(keys: keys, values: values)
      return try cache.attend(
        (0..<4).flatMap { h in queries[h * tokens * 12..<h * tokens * 12 + 12] })
    }
    let plain = try output(keys, queries)
    let other = try output(
      keys.enumerated().map { $1 * factors[$0 % 12] },
      queries.enumerated().map { $1 / factors[$0 % 12] })
    // A key that lies at a boundary of codes may get another one when the last bit of T differs.
    let distance = zip(plain, other).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    let size = plain.reduce(0) { $0 + Double($1 * $1) }
    #expect(distance <= 1e-4 * size, "\((distance / size).squareRoot())")
  }

  @Test("Wrong input is refused and adds nothing") func refusals() throws {
    var statistics = try KVStatistics(configuration(.none, sinks: 4))
    #expect(throws: KVCacheError.self) { try statistics.equalization(.diagonal) }
    let (keys, queries) = ([Float](repeating: 1, count: 240), [Float](repeating: 1, count: 480))
    #expect(throws: KVCacheError.self) { try statistics.add(keys: keys, queries: keys) }
    #expect(throws: KVCacheError.self) {
      try statistics.add(keys: keys.span.extracting(0..<239), queries: queries.span)
    }
    var bad = queries
    bad[100] = .nan
    #expect(throws: KVCacheError.self) { try statistics.add(keys: keys.span, queries: bad.span) }
    #expect(statistics.tokenCount == 0)
    // Sinks alone say nothing.
    try statistics.add(
      keys: keys.span.extracting(0..<4 * 24), queries: queries.span.extracting(0..<4 * 48))
    #expect(statistics.tokenCount == 0)
    try statistics.add(keys: keys.span, queries: queries.span)
    #expect(statistics.tokenCount == 6)
    // Keys and queries that are the same everywhere make metrics, if poor ones.
    for kind in KVEqualization.Kind.allCases {
      #expect(try statistics.equalization(kind).dimension == 12)
    }
  }

  @Test("The file of a calibration never changes") func golden() throws {
    let calibration = KVCalibration(layers: [
      try KVEqualization(.diagonal, heads: [[1, 0.5, 0.25], [0.125, 1, 3]]), nil,
      try KVEqualization(.matrix, heads: [[1, -0.5, 2]]),
    ])
    let path = scratch.file("model.tqeq")
    try calibration.save(to: path)
    try expectGolden(
      Data(try scratch.read("model.tqeq")), GoldenSnapshotTests.fixture("calibration-1.tqeq"))
    #expect(
      try KVCalibration(contentsOf: GoldenSnapshotTests.fixture("calibration-1.tqeq").path)
        == calibration)
  }

  @Test("A calibration comes back from its file, and every damaged file is refused") func files()
    throws
  {
    var dice = Dice(seed: 15)
    let calibration = KVCalibration(layers: [
      try equalization(.diagonal, 12, heads: 2, &dice), nil,
      try equalization(.matrix, 5, heads: 3, &dice),
    ])
    let path = scratch.file("model.tqeq")
    try calibration.save(to: path)
    #expect(try KVCalibration(contentsOf: path) == calibration)
    #expect(throws: KVCacheError.self) { try KVCalibration(contentsOf: scratch.file("none")) }
    let bytes = try scratch.read("model.tqeq")
    for i in bytes.indices {
      var other = bytes
      other[i] ^= 1 << UInt8(dice.below(8))
      _ = try scratch.write(other, to: "model.tqeq")
      #expect(throws: KVCacheError.self, "byte \(i)") { try KVCalibration(contentsOf: path) }
    }
    for count in stride(from: 0, to: bytes.count, by: 7) {
      _ = try scratch.write(Array(bytes[..<count]), to: "model.tqeq")
      #expect(throws: KVCacheError.self, "\(count) bytes") { try KVCalibration(contentsOf: path) }
    }
  }
}
