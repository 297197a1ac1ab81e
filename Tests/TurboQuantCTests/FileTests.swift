// Files pass between C and Swift in both directions.

import CTurboQuant
import TestSupport
import Testing
import TurboQuantC
import TurboQuantIndex
import TurboQuantKVCache

@Suite struct FileTests {
  @Test func indexes() throws {
    let scratch = try Scratch()
    let (ours, theirs) = (scratch.file("ours.tqi"), scratch.file("theirs.tqi"))
    let rows = SameResultsTests.vectors(50)
    var index = try VectorIndex(dimension: SameResultsTests.dimension, tags: .text, seed: 5)
    let tags = (0..<50).map { "row \($0)" }
    try index.add(rows, tags: tags)
    try index.save(to: ours)

    let handle = try unsafe Handle(tq_index_free) { unsafe tq_index_open(ours, $0) }
    let bytes = Array(tags.joined().utf8)
    let ends = tags.reduce(into: [UInt64(0)]) { $0.append(($0.last ?? 0) + UInt64($1.utf8.count)) }
    var ids = [Int64](repeating: -2, count: 50)
    try unsafe check(tq_index_ids_of_tags(handle.raw, bytes, bytes.count, ends, 50, &ids, 50))
    let stored = try tags.map { try index.id(ofTag: $0).map { Int64($0) } }
    #expect(ids == stored)
    // Replaces the first five rows, and saves.
    try unsafe check(
      tq_index_upsert_tagged(
        handle.raw, Array(rows.suffix(5 * SameResultsTests.dimension)),
        5 * SameResultsTests.dimension, tq_type(TQ_FLOAT32), bytes, bytes.count, ends, 5, nil, nil,
        0))
    try unsafe check(tq_index_save(handle.raw, theirs, nil))

    // In memory an index has the bytes of the file.
    let file = try scratch.read("theirs.tqi")
    var size = 0
    #expect(unsafe tq_index_to_bytes(handle.raw, nil, 0, &size) == tq_status(TQ_ERROR_CAPACITY))
    #expect(size == file.count)
    var inMemory = [UInt8](repeating: 1, count: size)
    try unsafe check(tq_index_to_bytes(handle.raw, &inMemory, size, &size))
    #expect(inMemory == file)
    let copy = try unsafe Handle(tq_index_free) {
      unsafe tq_index_from_bytes(inMemory, inMemory.count, $0)
    }
    // The library keeps no pointer that it was given.
    inMemory = inMemory.map { ~$0 }
    try unsafe check(tq_index_save(copy.raw, ours, nil))
    #expect(try scratch.read("ours.tqi") == file)

    let opened = try VectorIndex.verify(theirs)
    #expect(try opened.tags().map(\.text) == tags)
    for row in 0..<5 {
      let (new, same) = (UInt64(ids[row]), UInt64(ids[45 + row]))
      #expect(try opened.reconstruct(new) == index.reconstruct(same))
    }
  }

  @Test func merging() throws {
    let rows = SameResultsTests.vectors(60)
    let half = rows.count / 2
    var (a, b) = (
      try VectorIndex(dimension: SameResultsTests.dimension, seed: 5),
      try VectorIndex(dimension: SameResultsTests.dimension, seed: 5)
    )
    try a.add(Array(rows[..<half]))
    try b.add(Array(rows[half...]), ids: (100..<130).map { $0 })
    let scratch = try Scratch()
    try a.save(to: scratch.file("a"))
    try b.save(to: scratch.file("b"))
    let first = try unsafe Handle(tq_index_free) { unsafe tq_index_open(scratch.file("a"), $0) }
    let second = try unsafe Handle(tq_index_free) { unsafe tq_index_open(scratch.file("b"), $0) }
    try unsafe check(tq_index_merge(first.raw, second.raw))
    try a.merge(b)
    try unsafe check(tq_index_save(first.raw, scratch.file("c"), nil))
    try a.save(to: scratch.file("merged"))
    #expect(try scratch.read("c") == scratch.read("merged"))
  }

  @Test(arguments: [TQ_FLOAT32, TQ_FLOAT16, TQ_BFLOAT16])
  func caches(type: Int) throws {
    let scratch = try Scratch()
    let shape = KVShape(queryHeads: 4, keyValueHeads: 2, keyDimension: 96, valueDimension: 48)
    var configuration = KVConfiguration(shape: shape, keys: .bits(4), values: .bits(3))
    configuration.sinks = 4
    configuration.window = 16
    configuration.centering = .mean
    configuration.logitCap = 30
    configuration.sinkLogits = [0.5, 0, -1, 2]
    configuration.seed = 11
    var cache = KVCache(try KVCodec(configuration))

    let handle = try unsafe withOptions { options in
      try unsafe Handle(tq_cache_free) { unsafe tq_cache_create(options, $0) }
    }
    let tokens = 300
    var dice = Dice(seed: 6)
    func numbers(_ count: Int) -> (bytes: [UInt8], floats: [Float]) {
      let exact = dice.normals(count)
      let bits = SameResultsTests.bits(exact, type)
      switch type {
      case TQ_FLOAT32: return unsafe (exact.withUnsafeBytes { unsafe Array($0) }, exact)
      case TQ_FLOAT16:
        return unsafe (
          bits.withUnsafeBytes { unsafe Array($0) }, bits.map { Float(Float16(bitPattern: $0)) }
        )
      default:
        return unsafe (
          bits.withUnsafeBytes { unsafe Array($0) },
          bits.map { Float(bitPattern: UInt32($0) << 16) }
        )
      }
    }
    let (keys, values) = (numbers(2 * tokens * 96), numbers(2 * tokens * 48))
    let queries = numbers(4 * 2 * 96)
    try cache.append(keys: keys.floats, values: values.floats)
    try unsafe check(
      tq_cache_append(
        handle.raw, keys.bytes, keys.floats.count, values.bytes, values.floats.count,
        tq_type(type), 0, 2))
    var output = [Float](repeating: 0, count: 4 * 2 * 48)
    try unsafe check(
      tq_cache_attend(
        handle.raw, queries.bytes, queries.floats.count, tq_type(type), 0, 2, &output,
        output.count))
    #expect(try output == cache.attend(queries.floats))

    // A fork goes its own way.
    let fork = try unsafe Handle(tq_cache_free) { unsafe tq_cache_fork(handle.raw, $0) }
    try unsafe check(tq_cache_truncate(fork.raw, 200))
    var (count, forked) = (0, 0)
    try unsafe check(tq_cache_count(handle.raw, &count))
    try unsafe check(tq_cache_count(fork.raw, &forked))
    #expect(count == tokens && forked == 200)

    var memory = tq_cache_memory_use()
    memory.struct_size = MemoryLayout<tq_cache_memory_use>.size
    try unsafe check(tq_cache_memory(handle.raw, &memory))
    #expect(memory.key_bytes == cache.memory.keyBytes)
    #expect(memory.value_bytes == cache.memory.valueBytes)
    #expect(memory.exact_bytes == cache.memory.exactBytes)
    #expect(memory.center_bytes == cache.memory.centerBytes && memory.channel_bytes == 0)

    let path = scratch.file("cache.tqkv")
    try unsafe check(tq_cache_save(handle.raw, path))
    let opened = try KVCache(opening: path, codec: cache.codec)
    #expect(try opened.attend(queries.floats) == output)
    let again = try unsafe withOptions { options in
      try unsafe Handle(tq_cache_free) { unsafe tq_cache_open(path, options, $0) }
    }
    let file = try scratch.read("cache.tqkv")
    var size = 0
    #expect(unsafe tq_cache_to_bytes(again.raw, nil, 0, &size) == tq_status(TQ_ERROR_CAPACITY))
    var inMemory = [UInt8](repeating: 1, count: size)
    try unsafe check(tq_cache_to_bytes(handle.raw, &inMemory, size, &size))
    #expect(inMemory == file)
    let copy = try unsafe withOptions { options in
      try unsafe Handle(tq_cache_free) {
        unsafe tq_cache_from_bytes(inMemory, inMemory.count, options, $0)
      }
    }
    inMemory = inMemory.map { ~$0 }
    try unsafe check(tq_cache_save(copy.raw, path))
    #expect(try scratch.read("cache.tqkv") == file)
    let decoded = try cache.decoded(head: 1)
    var (k, v) = (decoded.keys.map { _ in Float.nan }, decoded.values.map { _ in Float.nan })
    try unsafe check(tq_cache_decode(again.raw, 1, &k, k.count, &v, v.count, &count))
    #expect(k == decoded.keys && v == decoded.values && count == tokens)
  }

  @Test func removedAndExactTokens() throws {
    let scratch = try Scratch()
    let d = 32
    var configuration = KVConfiguration(
      shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: d), keys: .bits(4),
      values: .bits(4))
    configuration.window = 8
    configuration.centering = .mean
    var dice = Dice(seed: 12)
    let floats = dice.normals(300 * d)
    let formats = [
      (0, ExactFormat?.none), (TQ_FLOAT16, .float16), (TQ_FLOAT32, .float32),
      (TQ_BFLOAT16, .bfloat16),
    ]
    for (number, format) in formats {
      (configuration.exactTokens, configuration.centerTokens) = (format, number == 0 ? 280 : nil)
      var options = unsafe tq_cache_options()
      unsafe options.struct_size = MemoryLayout<tq_cache_options>.size
      unsafe (options.query_heads, options.key_value_heads, options.key_dimension) = (1, 1, d)
      unsafe (options.window, options.centering) = (8, tq_centering(TQ_CENTERING_MEAN))
      unsafe options.exact_tokens = tq_type(number)
      unsafe options.center_tokens = number == 0 ? 280 : 0
      let handle = try unsafe Handle(tq_cache_free) { unsafe tq_cache_create(&options, $0) }
      var cache = KVCache(try KVCodec(configuration))
      try cache.append(keys: floats, values: floats)
      try unsafe check(
        tq_cache_append(
          handle.raw, floats, floats.count, floats, floats.count, tq_type(TQ_FLOAT32), 0, 1))
      try cache.remove(20..<50)
      try unsafe check(tq_cache_remove(handle.raw, 20, 30))
      var (count, position) = (0, 0)
      try unsafe check(tq_cache_count(handle.raw, &count))
      try unsafe check(tq_cache_next_position(handle.raw, &position))
      #expect(count == 270 && position == 300)
      try unsafe check(tq_cache_save(handle.raw, scratch.file("c")))
      try cache.save(to: scratch.file("swift"))
      #expect(try scratch.read("c") == scratch.read("swift"))
    }
  }

  /// The options of the configuration above.
  private func withOptions<R>(_ body: (UnsafePointer<tq_cache_options>) throws -> R) throws -> R {
    var values = tq_cache_precision()
    values.struct_size = MemoryLayout<tq_cache_precision>.size
    values.bits = 3
    let logits: [Float] = [0.5, 0, -1, 2]
    return try unsafe withUnsafePointer(to: values) { values in
      try unsafe logits.withUnsafeBufferPointer { logits in
        var options = unsafe tq_cache_options()
        unsafe options.struct_size = MemoryLayout<tq_cache_options>.size
        unsafe options.query_heads = 4
        unsafe options.key_value_heads = 2
        unsafe options.key_dimension = 96
        unsafe options.value_dimension = 48
        unsafe options.sinks = 4
        unsafe options.window = 16
        unsafe options.values = values
        unsafe options.sink_logits = logits.baseAddress
        unsafe options.sink_logit_count = 4
        unsafe options.seed = 11
        unsafe options.logit_cap = 30
        unsafe options.centering = tq_centering(TQ_CENTERING_MEAN)
        return try unsafe withUnsafePointer(to: options) { try unsafe body($0) }
      }
    }
  }
}
