@testable import Llama

/// An exact cache that shows the keys that reached it last.
struct SpyCache: LayerCache {
  /// What is still there when the cache has been copied into another one.
  final class Seen { var keys: [Float] = [] }

  var exact: FloatCache
  let seen: Seen
  var count: Int { exact.count }
  var byteCount: Int { exact.byteCount }

  mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    seen.keys = keys
    try exact.append(keys: keys, values: values, tokens: tokens)
  }

  func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    try exact.attend(queries: queries, tokens: tokens, scale: scale)
  }

  mutating func truncate(to count: Int) throws { try exact.truncate(to: count) }
}
