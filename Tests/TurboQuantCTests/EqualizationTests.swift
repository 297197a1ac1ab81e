// Statistics, equalized caches and calibrations are those of Swift, to the bit.

import CTurboQuant
import TestSupport
import Testing
import TurboQuantC
import TurboQuantKVCache

@Suite struct EqualizationTests {
  static let shape = KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 24, valueDimension: 8)
  static let tokens = 200

  static func configuration() -> KVConfiguration {
    var configuration = KVConfiguration(shape: shape, keys: .bits(4), values: .bits(4))
    configuration.sinks = 3
    configuration.centering = .mean
    return configuration
  }

  /// Calls `body` with the options of the configuration above and an equalization.
  static func withOptions<R>(
    _ equalization: KVEqualization? = nil, _ body: (UnsafePointer<tq_cache_options>) throws -> R
  ) throws -> R {
    var options = unsafe tq_cache_options()
    unsafe options.struct_size = MemoryLayout<tq_cache_options>.size
    unsafe (options.query_heads, options.key_value_heads) = (4, 2)
    unsafe (options.key_dimension, options.value_dimension) = (24, 8)
    unsafe (options.sinks, options.centering) = (3, tq_centering(TQ_CENTERING_MEAN))
    guard let equalization else { return try unsafe body(&options) }
    unsafe options.equalization_kind = number(equalization.kind)
    return try unsafe equalization.heads.flatMap { $0 }.withUnsafeBufferPointer { numbers in
      unsafe options.equalization = numbers.baseAddress
      unsafe options.equalization_count = numbers.count
      return try unsafe body(&options)
    }
  }

  static func number(_ kind: KVEqualization.Kind) -> tq_equalization {
    tq_equalization(kind == .diagonal ? TQ_EQUALIZATION_DIAGONAL : TQ_EQUALIZATION_MATRIX)
  }

  /// Numbers of a type that channels scale unevenly: as bytes, and the floats that they are.
  static func numbers(
    _ heads: Int, _ type: Int, seed: UInt64
  ) -> (bytes: [UInt8], floats: [Float]) {
    var dice = Dice(seed: seed)
    let floats = dice.normals(heads * tokens * 24).enumerated().map { $1 * Float(1 + $0 % 24) }
    guard type != TQ_FLOAT32 else {
      return unsafe (floats.withUnsafeBytes { unsafe Array($0) }, floats)
    }
    let bits = SameResultsTests.bits(floats, type)
    let exact = bits.map {
      type == TQ_FLOAT16
        ? Float(Float16(bitPattern: $0)) : Float(bitPattern: UInt32($0) << 16)
    }
    return unsafe (bits.withUnsafeBytes { unsafe Array($0) }, exact)
  }

  @Test(arguments: [TQ_FLOAT32, TQ_FLOAT16, TQ_BFLOAT16], KVEqualization.Kind.allCases)
  func statistics(type: Int, kind: KVEqualization.Kind) throws {
    var statistics = try KVStatistics(Self.configuration())
    let handle = try unsafe Self.withOptions { options in
      try unsafe Handle(tq_statistics_free) { unsafe tq_statistics_create(options, $0) }
    }
    let number = Self.number(kind)
    var size = 0
    for seed in [1, 2] as [UInt64] {
      let keys = Self.numbers(2, type, seed: seed)
      let queries = Self.numbers(4, type, seed: seed + 10)
      try statistics.add(keys: keys.floats.span, queries: queries.floats.span)
      try unsafe check(
        tq_statistics_add(
          handle.raw, keys.bytes, keys.floats.count, queries.bytes, queries.floats.count,
          tq_type(type)))
      try unsafe check(tq_statistics_count(handle.raw, &size))
      #expect(size == statistics.tokenCount)
      let expected = try statistics.equalization(kind).heads.flatMap { $0 }
      let told = unsafe tq_statistics_equalization(handle.raw, number, nil, 0, &size)
      #expect(Int(told) == TQ_ERROR_CAPACITY && size == expected.count)
      var found = expected.map { _ in Float.nan }
      try unsafe check(
        tq_statistics_equalization(handle.raw, number, &found, found.count, &size))
      #expect(found == expected)
    }
  }

  @Test(arguments: KVEqualization.Kind.allCases)
  func caches(kind: KVEqualization.Kind) throws {
    let scratch = try Scratch()
    let keys = Self.numbers(2, TQ_FLOAT32, seed: 1).floats
    let queries = Self.numbers(4, TQ_FLOAT32, seed: 2).floats
    var statistics = try KVStatistics(Self.configuration())
    try statistics.add(keys: keys.span, queries: queries.span)
    let equalization = try statistics.equalization(kind)
    var configuration = Self.configuration()
    configuration.equalization = equalization

    var cache = KVCache(try KVCodec(configuration))
    let handle = try unsafe Self.withOptions(equalization) { options in
      try unsafe Handle(tq_cache_free) { unsafe tq_cache_create(options, $0) }
    }
    let values = Array(keys.prefix(2 * Self.tokens * 8))
    try cache.append(keys: keys, values: values)
    try unsafe check(
      tq_cache_append(
        handle.raw, keys, keys.count, values, values.count, tq_type(TQ_FLOAT32), 0, 2))
    try unsafe check(tq_cache_save(handle.raw, scratch.file("c")))
    try cache.save(to: scratch.file("swift"))
    #expect(try scratch.read("c") == scratch.read("swift"))

    let last = Array(queries.prefix(4 * 24))
    let again = try unsafe Self.withOptions(equalization) { options in
      try unsafe Handle(tq_cache_free) { unsafe tq_cache_open(scratch.file("swift"), options, $0) }
    }
    var output = [Float](repeating: .nan, count: 4 * 8)
    try unsafe check(
      tq_cache_attend(
        again.raw, last, last.count, tq_type(TQ_FLOAT32), 0, 2, &output, output.count))
    #expect(try output == cache.attend(last))
    // A cache of other options has other keys.
    var none: OpaquePointer?
    let status = try unsafe Self.withOptions { options in
      unsafe tq_cache_open(scratch.file("c"), options, &none)
    }
    #expect(status == 507)
    #expect(unsafe none == nil)
  }

  @Test func calibrations() throws {
    let scratch = try Scratch()
    var dice = Dice(seed: 3)
    let diagonal = try KVEqualization(
      .diagonal, heads: (0..<2).map { _ in dice.normals(5).map { $0.magnitude + 0.1 } })
    let matrix = try KVEqualization(.matrix, heads: [[1, 0.5, -2, 3, 0.25, 0.75]])
    let calibration = KVCalibration(layers: [nil, diagonal, matrix, nil])
    try calibration.save(to: scratch.file("swift"))

    let handle = try unsafe Handle(tq_calibration_free) { unsafe tq_calibration_create($0) }
    for layer in calibration.layers {
      let numbers = layer?.heads.flatMap { $0 } ?? []
      try unsafe check(
        tq_calibration_append(
          handle.raw, layer.map { Self.number($0.kind) } ?? 0, numbers, numbers.count,
          layer?.heads.count ?? 0))
    }
    try unsafe check(tq_calibration_save(handle.raw, scratch.file("c")))
    #expect(try scratch.read("c") == scratch.read("swift"))

    let opened = try unsafe Handle(tq_calibration_free) {
      unsafe tq_calibration_open(scratch.file("swift"), $0)
    }
    var count = 0
    try unsafe check(tq_calibration_count(opened.raw, &count))
    #expect(count == 4)
    for (place, layer) in calibration.layers.enumerated() {
      var (kind, heads, dimension) = (tq_equalization(9), 9, 9)
      var numbers = [Float](repeating: .nan, count: 20)
      try unsafe check(
        tq_calibration_layer(
          opened.raw, place, &kind, &heads, &dimension, &numbers, numbers.count, &count))
      #expect(kind == layer.map { Self.number($0.kind) } ?? 0)
      #expect(heads == layer?.heads.count ?? 0 && dimension == layer?.dimension ?? 0)
      #expect(Array(numbers[..<count]) == layer?.heads.flatMap { $0 } ?? [])
    }
  }
}
