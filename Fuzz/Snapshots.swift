// The reader of `.tqkv` files. A snapshot is opened with a codec, so an input is opened with each of a few.

import TurboQuantKernels

@testable import TurboQuantKVCache
@testable import TurboQuantStorage

/// Small caches, whose snapshots fit into an input: codes with exact tokens, outlier channels, floats that are
/// forgotten, exact tokens as bfloat16 with a metric.
private let codecs: [KVCodec] = {
  let shape = KVShape(queryHeads: 2, keyValueHeads: 1, keyDimension: 4, valueDimension: 3)
  var codes = KVConfiguration(shape: shape, keys: .bits(2), values: .bits(1))
  (codes.sinks, codes.window, codes.centering) = (1, 2, .mean)
  var outliers = KVConfiguration(
    shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 8, valueDimension: 1),
    keys: .outliers(bits: 2), values: .float16)
  outliers.window = 1
  var sliding = KVConfiguration(
    shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 2, valueDimension: 1),
    keys: .float16, values: .float32)
  (sliding.sinks, sliding.slidingWindow) = (1, 5)
  var short = KVConfiguration(
    shape: KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 3, valueDimension: 2),
    keys: .bits(1), values: .bits(3))
  (short.window, short.exactTokens, short.centering) = (3, .bfloat16, .mean)
  do throws(KVCacheError) {
    short.equalization = try KVEqualization(.matrix, heads: [[1, 0.5, 0, 0.5, 0, 0.25]])
    var codecs: [KVCodec] = []
    for configuration in [codes, outliers, sliding, short] {
      codecs.append(try KVCodec(configuration))
    }
    return codecs
  } catch {
    broken("a configuration is refused: \(error)")
  }
}()

/// A `.tqkv` file: if a cache opens it, the cache can be used, and reads back the same.
func checkSnapshot(_ input: [UInt8]) {
  let path = file(input, "x.tqkv")
  // Whatever is wrong, opening finds it too.
  _ = try? checkedContainer(path, input)
  for codec in codecs {
    do throws(KVCacheError) {
      let cache = try KVCache(opening: path, codec: codec)
      require(
        try KVCache(serialized: input, codec: codec).serialized() == cache.serialized(),
        "bytes in memory are a file")
      useCache(cache, path)
    } catch {
      guard case .file(let named, let offset) = error.kind else {
        broken("an error of a file has another kind: \(error)")
      }
      require(named == path, "an error names the file")
      requireGood(error, at: offset, in: input)
    }
  }
}

/// Attends, decodes, appends, removes and truncates, then saves the cache and opens it again.
private func useCache(_ cache: KVCache, _ path: String) {
  let shape = cache.codec.configuration.shape
  do throws(KVCacheError) {
    let attended = try attention(cache, mayBeTruncated: true)
    for head in 0..<shape.keyValueHeads where cache.count <= 512 {
      let decoded = try cache.decoded(head: head)
      require(decoded.keys.allSatisfy(\.isFinite), "keys are numbers")
      require(decoded.values.allSatisfy(\.isFinite), "values are numbers")
    }
    let copy = path + ".copy"
    try cache.save(to: copy)
    var again = try KVCache(opening: copy, codec: cache.codec)
    require(again.count == cache.count, "a saved cache has the same tokens")
    require(
      try attention(again, mayBeTruncated: true) == attended,
      "a saved cache gives the same results")
    try again.append(
      keys: [Float](repeating: 1, count: shape.keyValueHeads * shape.keyDimension).span,
      values: [Float](repeating: 1, count: shape.keyValueHeads * shape.valueDimension).span)
    _ = try attention(again)
    try again.truncate(to: cache.count)
    require(again.count == cache.count, "the token is taken back")
    require(again.nextPosition == cache.nextPosition, "and so is its position")
    try again.remove(again.count / 4..<again.count / 2)
    require(
      again.count == cache.count - (cache.count / 2 - cache.count / 4), "some tokens are removed")
    _ = try attention(again, mayBeTruncated: true)
  } catch {
    // A window may be too large for the norms that its tokens get as codes.
    if case .codec = error.kind { return }
    broken("a cache that was opened fails: \(error)")
  }
}

/// The attention of ones over all tokens; nil if there are none, or if it leaves float32.
///
/// Nil also after a truncation that leaves just what the next token sees: the last one would see one more.
private func attention(
  _ cache: KVCache, mayBeTruncated: Bool = false
) throws(KVCacheError) -> [UInt32]? {
  guard cache.count > 0 else { return nil }
  let shape = cache.codec.configuration.shape
  let queries = [Float](repeating: 1, count: shape.queryHeads * shape.keyDimension)
  var output = [Float](repeating: 0, count: shape.queryHeads * shape.valueDimension)
  do throws(KVCacheError) {
    var span = output.mutableSpan
    try cache.attend(queries.span, into: &span)
  } catch {
    if case .notFinite = error.kind { return nil }
    if case .forgotten = error.kind, mayBeTruncated { return nil }
    throw error
  }
  require(output.allSatisfy(\.isFinite), "attention gives numbers")
  return output.map(\.bitPattern)
}
