/// A cache whose keys and values are stored row by row in formats of other projects.
///
/// It is a reference to compare with: it holds what the format gives back, in float32, and counts the
/// bytes that the format takes.
struct RowCache: LayerCache {
  private let keys: RowFormat
  private let values: RowFormat
  private var read: FloatCache

  /// Creates an empty cache; both formats must fit the shape's head dimension.
  init(shape: CacheShape, keys: RowFormat, values: RowFormat) {
    precondition(keys.fits(shape.headDimension) && values.fits(shape.headDimension))
    (self.keys, self.values) = (keys, values)
    read = FloatCache(shape: shape)
  }

  var count: Int { read.count }

  var byteCount: Int {
    let dimension = read.shape.headDimension
    return count * read.shape.keyValueHeads
      * (keys.byteCount(dimension) + values.byteCount(dimension))
  }

  mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    let shape = read.shape
    try shape.check(keys: keys, values: values, tokens: tokens)
    try read.append(
      keys: self.keys.decoded(keys, dimension: shape.headDimension),
      values: self.values.decoded(values, dimension: shape.headDimension), tokens: tokens)
  }

  mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    try read.attend(queries: queries, tokens: tokens, scale: scale)
  }

  mutating func truncate(to count: Int) throws { try read.truncate(to: count) }
}
