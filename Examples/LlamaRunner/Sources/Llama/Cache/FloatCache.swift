/// The exact cache: keys and values in float32.
///
/// Both are stored in panels of 16 columns. So the inner products with the keys and the weighted sums
/// of the values are matrix products like those with the weights. The memory is
/// 8 bytes × head dimension × heads × capacity, and the capacity doubles when it is used up.
public struct FloatCache: LayerCache {
  /// The shape the cache was made for.
  public let shape: CacheShape
  /// The number of tokens in the cache.
  public private(set) var count = 0

  /// The bytes of the tokens held.
  public var byteCount: Int { 8 * shape.headDimension * shape.keyValueHeads * count }

  /// The number of tokens that fit, a multiple of 16.
  private(set) var capacity = 0
  /// `[head][token / 16][dimension][16 tokens]`: the tokens are the columns.
  private(set) var keys: [Float] = []
  /// `[head][dimension / 16][token][16 dimensions]`: the dimensions are the columns.
  private(set) var values: [Float] = []

  /// Creates an empty cache.
  public init(shape: CacheShape) {
    self.shape = shape
  }

  /// Adds tokens at the end.
  ///
  /// Throws `CacheError.length` for arrays of another shape.
  public mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    try shape.check(keys: keys, values: values, tokens: tokens)
    reserve(count + tokens)
    for head in 0..<shape.keyValueHeads {
      for token in 0..<tokens {
        let from = (head * tokens + token) * shape.headDimension
        for dimension in 0..<shape.headDimension {
          self.keys[keyIndex(head, count + token, dimension)] = keys[from + dimension]
          self.values[valueIndex(head, count + token, dimension)] = values[from + dimension]
        }
      }
    }
    count += tokens
  }

  /// Forgets all tokens but the first `count`.
  ///
  /// Throws `CacheError.truncation` unless `count` is between zero and the number of tokens held.
  public mutating func truncate(to count: Int) throws {
    guard count >= 0 && count <= self.count else {
      throw CacheError.truncation(to: count, held: self.count)
    }
    self.count = count
  }

  /// The number of floats from one head's keys to the next head's keys.
  var keyStride: Int { capacity * shape.headDimension }
  /// The number of panels of one head's values.
  private var valuePanels: Int { (shape.headDimension + Panel.width - 1) / Panel.width }
  /// The number of floats from one head's values to the next head's values.
  var valueStride: Int { valuePanels * capacity * Panel.width }

  private func keyIndex(_ head: Int, _ token: Int, _ dimension: Int) -> Int {
    let panel = head * keyStride + token / Panel.width * shape.headDimension * Panel.width
    return panel + dimension * Panel.width + token % Panel.width
  }

  private func valueIndex(_ head: Int, _ token: Int, _ dimension: Int) -> Int {
    let panel = head * valueStride + dimension / Panel.width * capacity * Panel.width
    return panel + token * Panel.width + dimension % Panel.width
  }

  /// Makes room for `needed` tokens and moves the tokens held.
  private mutating func reserve(_ needed: Int) {
    guard needed > capacity else { return }
    var larger = FloatCache(shape: shape)
    let wanted = max(needed, 2 * capacity, 4 * Panel.width)
    larger.capacity = (wanted + Panel.width - 1) / Panel.width * Panel.width
    larger.keys = [Float](repeating: 0, count: shape.keyValueHeads * larger.keyStride)
    larger.values = [Float](repeating: 0, count: shape.keyValueHeads * larger.valueStride)
    for head in 0..<shape.keyValueHeads {
      for token in 0..<count {
        for dimension in 0..<shape.headDimension {
          let (key, value) = (
            keys[keyIndex(head, token, dimension)], values[valueIndex(head, token, dimension)]
          )
          larger.keys[larger.keyIndex(head, token, dimension)] = key
          larger.values[larger.valueIndex(head, token, dimension)] = value
        }
      }
    }
    larger.count = count
    self = larger
  }
}
