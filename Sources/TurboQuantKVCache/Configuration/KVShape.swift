/// The heads of one attention layer and their sizes.
public struct KVShape: Sendable, Hashable {
  /// Query heads; a multiple of ``keyValueHeads`` (grouped-query attention when larger).
  public let queryHeads: Int
  /// Key and value heads.
  public let keyValueHeads: Int
  /// Coordinates of a key and of a query.
  public let keyDimension: Int
  /// Coordinates of a value.
  public let valueDimension: Int

  /// Creates a shape; ``KVCodec/init(_:)`` says what is wrong with an impossible one.
  public init(
    queryHeads: Int, keyValueHeads: Int, keyDimension: Int, valueDimension: Int? = nil
  ) {
    self.queryHeads = queryHeads
    self.keyValueHeads = keyValueHeads
    self.keyDimension = keyDimension
    self.valueDimension = valueDimension ?? keyDimension
  }

  /// Query heads that read one key/value head: query head h reads head h / `groupSize`.
  var groupSize: Int { queryHeads / keyValueHeads }

  /// How many heads, and coordinates of a head, there may be.
  static let sizes = 1...1 << 16

  /// What is wrong with the shape, if anything.
  var defect: String? {
    for (name, value) in [
      ("query heads", queryHeads), ("key/value heads", keyValueHeads),
      ("key dimension", keyDimension), ("value dimension", valueDimension),
    ] where !Self.sizes.contains(value) {
      return "\(value) \(name), expected 1 … \(Self.sizes.upperBound)"
    }
    guard queryHeads % keyValueHeads == 0 else {
      return "\(queryHeads) query heads are not a multiple of \(keyValueHeads) key/value heads"
    }
    return nil
  }
}
