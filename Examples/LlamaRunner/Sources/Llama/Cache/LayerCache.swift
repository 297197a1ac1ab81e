/// The keys and values of one layer, and attention over them.
///
/// A model has one cache per layer. It appends the keys and values of a run of tokens, and then asks for
/// the attention of the same tokens' queries. So a cache always holds the token that a query belongs to.
public protocol LayerCache {
  /// The number of tokens in the cache.
  var count: Int { get }

  /// The bytes that the cache takes for its tokens, without spare room.
  var byteCount: Int { get }

  /// Adds tokens at the end.
  ///
  /// - Parameters:
  ///   - keys: `[keyValueHeads, tokens, headDimension]`, row-major, after the rotary embedding.
  ///   - values: The same shape.
  ///   - tokens: The number of tokens to add.
  mutating func append(keys: [Float], values: [Float], tokens: Int) throws

  /// Computes attention; each of the newest tokens sees itself and all tokens before it.
  ///
  /// - Parameters:
  ///   - queries: `[queryHeads, tokens, headDimension]`; the last query belongs to the last token
  ///     held, and each query sees its own token and those before it.
  ///   - tokens: The number of tokens that have a query.
  ///   - scale: The factor of the inner products before the softmax.
  /// - Returns: The weighted values, in the shape of the queries.
  mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float]

  /// Forgets all tokens but the first `count`.
  mutating func truncate(to count: Int) throws
}

/// The shape that the caches of a model share.
public struct CacheShape: Hashable, Sendable {
  /// The number of query heads.
  public let queryHeads: Int
  /// The number of key and value heads, a divisor of `queryHeads`.
  public let keyValueHeads: Int
  /// The number of floats in one head's query, key or value.
  public let headDimension: Int

  /// Creates a shape.
  ///
  /// - Precondition: All are positive, and `queryHeads` is a multiple of `keyValueHeads`.
  public init(queryHeads: Int, keyValueHeads: Int, headDimension: Int) {
    precondition(keyValueHeads > 0 && headDimension > 0 && queryHeads > 0)
    precondition(queryHeads % keyValueHeads == 0)
    self.queryHeads = queryHeads
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
  }

  /// Refuses arrays that do not hold `tokens` tokens' keys and values.
  func check(keys: [Float], values: [Float], tokens: Int) throws(CacheError) {
    let expected = keyValueHeads * tokens * headDimension
    for (what, array) in [("keys", keys), ("values", values)] where array.count != expected {
      throw CacheError.length(what: what, expected: expected, found: array.count)
    }
  }

  /// Refuses an array that does not hold `tokens` tokens' queries.
  func check(queries: [Float], tokens: Int) throws(CacheError) {
    let expected = queryHeads * tokens * headDimension
    guard queries.count == expected else {
      throw CacheError.length(what: "queries", expected: expected, found: queries.count)
    }
  }
}

/// A request that a cache cannot serve.
public enum CacheError: Error, Equatable, CustomStringConvertible {
  /// The length of an array does not match its shape.
  case length(what: String, expected: Int, found: Int)
  /// There are queries for more tokens than the cache holds, or for none.
  case queries(tokens: Int, held: Int)
  /// The cache cannot be truncated to more tokens than it holds, or to a negative number.
  case truncation(to: Int, held: Int)
  /// Keys or values are not finite, or beyond the range of a format's scales.
  case range(format: String)

  /// One line that says what was expected.
  public var description: String {
    switch self {
    case .length(let what, let expected, let found):
      "The cache expected \(expected) floats of \(what) and got \(found)."
    case .queries(let tokens, let held):
      "The cache holds \(held) tokens and was asked for the attention of \(tokens)."
    case .truncation(let count, let held):
      "The cache holds \(held) tokens and cannot be truncated to \(count)."
    case .range(let format):
      "Keys or values are not finite, or too large for the float16 scales of \(format)."
    }
  }
}
