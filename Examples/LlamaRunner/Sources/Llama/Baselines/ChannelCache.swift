/// A cache whose keys share a scale channel by channel, over 32 tokens, as in KIVI (arXiv 2402.02750).
///
/// The latest tokens' keys are float16 until 32 of them close a group. When several tokens are appended at
/// once, their groups close before their queries read. Values are stored token by token; KIVI may leave the
/// latest ones exact, which this cache does not.
struct ChannelCache: LayerCache {
  private let values: RowFormat
  /// What is read: closed groups, then the open one.
  private var read: FloatCache
  /// The tokens of each closed group: 32, or fewer where a group was truncated.
  private var groups: [Int] = []
  /// The keys and values of the open group's tokens, head by head, as they are read.
  private var open: (keys: [[Float]], values: [[Float]])

  /// Creates an empty cache; the format of values must fit the shape's head dimension.
  init(shape: CacheShape, values: RowFormat) {
    precondition(values.fits(shape.headDimension))
    self.values = values
    read = FloatCache(shape: shape)
    let none = [[Float]](repeating: [], count: shape.keyValueHeads)
    open = (none, none)
  }

  var count: Int { read.count }

  private var closedCount: Int { groups.reduce(0, +) }

  var byteCount: Int {
    let dimension = read.shape.headDimension
    let closed = groups.reduce(0) { $0 + dimension * Int4Group.byteCount($1) }
    let exact = 2 * dimension * (count - closedCount)
    return read.shape.keyValueHeads * (closed + exact + count * values.byteCount(dimension))
  }

  mutating func append(keys: [Float], values: [Float], tokens: Int) throws {
    let shape = read.shape
    let dimension = shape.headDimension
    try shape.check(keys: keys, values: values, tokens: tokens)
    let halves = keys.map(HalfPrecision.rounded)
    guard halves.allSatisfy(\.isFinite) else { throw CacheError.range(format: "float16") }
    let stored = try self.values.decoded(values, dimension: dimension)
    var grown = open
    for head in 0..<shape.keyValueHeads {
      let rows = head * tokens * dimension..<(head + 1) * tokens * dimension
      grown.keys[head] += halves[rows]
      grown.values[head] += stored[rows]
    }
    let ready = count - closedCount + tokens
    let closing = ready / Int4Group.count * Int4Group.count
    for head in grown.keys.indices { try close(closing, &grown.keys[head], dimension) }
    try read.truncate(to: closedCount)
    try read.append(
      keys: Array(grown.keys.joined()), values: Array(grown.values.joined()), tokens: ready)
    groups += [Int](repeating: Int4Group.count, count: closing / Int4Group.count)
    open.keys = grown.keys.map { Array($0.dropFirst(closing * dimension)) }
    open.values = grown.values.map { Array($0.dropFirst(closing * dimension)) }
  }

  /// Replaces the keys of the first `tokens` tokens, whole groups, by what is read of their codes.
  private func close(_ tokens: Int, _ keys: inout [Float], _ dimension: Int) throws {
    for first in stride(from: 0, to: tokens, by: Int4Group.count) {
      for channel in 0..<dimension {
        let places = (first..<first + Int4Group.count).map { $0 * dimension + channel }
        let numbers = Int4Group(places.map { keys[$0] }).numbers
        guard numbers.allSatisfy(\.isFinite) else {
          throw CacheError.range(format: RowFormat.int4.rawValue)
        }
        for (place, number) in zip(places, numbers) { keys[place] = number }
      }
    }
  }

  mutating func attend(queries: [Float], tokens: Int, scale: Float) throws -> [Float] {
    try read.attend(queries: queries, tokens: tokens, scale: scale)
  }

  mutating func truncate(to count: Int) throws {
    try read.truncate(to: count)
    let dimension = read.shape.headDimension
    let left = max(0, count - closedCount) * dimension
    for head in open.keys.indices {
      open.keys[head] = Array(open.keys[head].prefix(left))
      open.values[head] = Array(open.values[head].prefix(left))
    }
    while closedCount > count {
      groups.removeLast()
      if closedCount < count { groups.append(count - closedCount) }
    }
  }
}
