/// The keys and values of one layer, and attention over them.
///
/// A model keeps one cache a layer. It appends what a run of tokens adds and then asks for the
/// attention of the same tokens' queries, so a cache always holds the token a query belongs to.
public protocol LayerCache {
  /// How many tokens the cache holds.
  var count: Int { get }

  /// Adds tokens after those held.
  ///
  /// - Parameters:
  ///   - keys: `[keyValueHeads, tokens, headDimension]`, row-major, after the rotary embedding.
  ///   - values: The same shape.
  ///   - tokens: How many tokens to add.
  mutating func append(keys: [Float], values: [Float], tokens: Int) throws

  /// Attends from the newest tokens to all that are no newer.
  ///
  /// - Parameters:
  ///   - queries: `[queryHeads, tokens, headDimension]`; the last query belongs to the last token
  ///     held, and each sees its own token and those before it.
  ///   - tokens: How many tokens have a query.
  ///   - scale: What the inner products are multiplied with before the softmax.
  /// - Returns: The weighted values, in the shape of the queries.
  mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float]

  /// Forgets all tokens but the first `count`.
  mutating func truncate(to count: Int) throws
}

/// The shape that the caches of a model share.
public struct CacheShape: Hashable, Sendable {
  /// Heads of the queries.
  public let queryHeads: Int
  /// Heads of the keys and values; a divisor of `queryHeads`.
  public let keyValueHeads: Int
  /// Floats of one head's query, key or value.
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
}

/// A request that a cache cannot serve.
public enum CacheError: Error, Equatable, CustomStringConvertible {
  /// An array has another length than its shape says.
  case length(what: String, expected: Int, found: Int)
  /// Queries for more tokens than the cache holds, or for none.
  case queries(tokens: Int, held: Int)
  /// A truncation to more tokens than the cache holds, or to a negative number.
  case truncation(to: Int, held: Int)

  /// One line that says what was expected.
  public var description: String {
    switch self {
    case .length(let what, let expected, let found):
      "The cache expected \(expected) floats of \(what) and got \(found)."
    case .queries(let tokens, let held):
      "The cache holds \(held) tokens and was asked for the attention of \(tokens)."
    case .truncation(let count, let held):
      "The cache holds \(held) tokens and cannot be truncated to \(count)."
    }
  }
}
