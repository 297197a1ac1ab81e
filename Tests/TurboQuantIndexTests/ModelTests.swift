import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantIndex

/// Scripts of random calls, whose index must never differ from one built at once from the rows that
/// a dictionary says are there.
///
/// Scores of single rows are held against the codec's own by `ScoreTests`.
@Suite struct ModelTests {
  /// The argument is the seed of everything in the script.
  @Test(
    "An index is what its history of calls leaves",
    arguments: 1...(isOptimizedBuild ? 200 : 20) as ClosedRange<UInt64>)
  func script(seed: UInt64) throws {
    var script = try Script(seed: seed)
    for _ in 0..<(script.isLong ? 12 : 30) { try script.step() }
    try script.check()
    try script.checkCopies()
  }
}

/// One script and the model it is held against.
private struct Script {
  let kind: IndexKind
  let isLong: Bool
  let scratch: Scratch
  var dice: Dice
  var index: VectorIndex
  /// The model: the vector of every id, and the next id to be assigned.
  var rows: [UInt64: [Float]] = [:]
  var nextID: UInt64 = 0
  /// Copies of the index with a search and what it found when they were taken.
  var copies: [(index: VectorIndex, queries: [Float], hits: [[Hit]])] = []

  init(seed: UInt64) throws {
    dice = Dice(seed: seed)
    // Every tenth crosses segments of 4,096 rows and is cheap to encode.
    isLong = seed % 10 == 0
    let dimension = isLong ? 65 : dice.pick([1, 2, 3, 5, 8, 9, 17, 33, 64, 65, 66, 100, 128])
    let isTwoStage = dice.isOne(in: 4)
    let metric = dice.pick(Metric.allCases)
    kind = try IndexKind(
      dimension: dimension, bits: dice.pick([1, 2, 3, 4, 8]) + (isTwoStage ? 1 : 0),
      metric: metric, isTwoStage: isTwoStage,
      mean: dice.isOne(in: 3) ? dice.normals(dimension, scale: 0.5) : nil,
      originals: dice.pick([nil, .float16, .float32]), seed: seed)
    index = try kind.index()
    scratch = try Scratch()
  }

  var ids: [UInt64] { rows.keys.sorted() }

  mutating func step() throws {
    switch dice.below(12) {
    case 0, 1, 2: try add()
    case 3, 4: try upsert()
    case 5, 6: try remove()
    case 7: try merge()
    case 8: try saveAndOpen()
    case 9: try refuse()
    case 10:
      let queries = queries(1)
      let hits = try index.search(queries, count: 5, options: .exhaustive)
      copies.append((index, queries, hits))
    default: try check()
    }
  }
}

// MARK: Changes

extension Script {
  /// Vectors of all lengths, among them copies of rows that are there.
  mutating func vectors(_ count: Int) -> [Float] {
    var vectors: [Float] = []
    let ids = ids
    for _ in 0..<count {
      if dice.isOne(in: 6), let id = ids.randomElement(using: &dice), let row = rows[id] {
        vectors += row
      } else if kind.metric != .cosine, dice.isOne(in: 12) {
        vectors += [Float](repeating: 0, count: kind.codec.dimension)
      } else {
        vectors += dice.normals(kind.codec.dimension, scale: dice.pick([0.5, 1, 1, 3]))
      }
    }
    return vectors
  }

  mutating func queries(_ count: Int) -> [Float] { vectors(count) }

  /// Numbers that are not among the ids, ascending or not.
  mutating func newIDs(_ count: Int) -> [UInt64] {
    var new = Set<UInt64>()
    while new.count < count {
      let id = UInt64(dice.below(isLong ? 20_000 : 5000))
      if rows[id] == nil { new.insert(id) }
    }
    return new.sorted().shuffled(using: &dice)
  }

  mutating func note(_ ids: [UInt64], _ vectors: [Float]) {
    let d = kind.codec.dimension
    for (row, id) in ids.enumerated() {
      rows[id] = Array(vectors[row * d..<(row + 1) * d])
      nextID = max(nextID, id + 1)
    }
  }

  mutating func add() throws {
    let count = isLong ? 1000 + dice.below(2000) : dice.below(70)
    let vectors = vectors(count)
    let given = dice.isOne(in: 2) ? newIDs(count) : nil
    let added = try index.add(vectors, ids: given, threads: dice.pick([1, 3]))
    #expect(added == given ?? (0..<UInt64(count)).map { nextID + $0 })
    note(added, vectors)
  }

  mutating func upsert() throws {
    // One id may be named twice; the last counts.
    var ids = newIDs(dice.below(20)) + dice.some(ids, oneIn: isLong ? 50 : 4)
    if let first = ids.first { ids.append(first) }
    ids.shuffle(using: &dice)
    let vectors = vectors(ids.count)
    try index.upsert(vectors, ids: ids, threads: dice.pick([1, 2]))
    note(ids, vectors)
  }

  mutating func remove() throws {
    if dice.isOne(in: 3) {
      guard let id = ids.randomElement(using: &dice) else { return }
      try index.remove(id)
      rows[id] = nil
    } else {
      let gone = dice.some(ids, oneIn: dice.pick([2, 5, 1])).shuffled(using: &dice)
      try index.remove(gone)
      for id in gone { rows[id] = nil }
    }
  }

  mutating func merge() throws {
    let ids = newIDs(dice.below(isLong ? 900 : 60))
    let vectors = vectors(ids.count)
    var other = try kind.index(vectors, ids: ids)
    if dice.isOne(in: 2) {
      try other.save(to: scratch.file("other.tqi"))
      other = try VectorIndex(opening: scratch.file("other.tqi"))
    }
    try index.merge(other)
    note(ids, vectors)
  }

  mutating func saveAndOpen() throws {
    let name = dice.pick(["x.tqi", "y.tqi"])
    try index.save(to: scratch.file(name))
    index = try VectorIndex.verify(scratch.file(name))
    try index.save(to: scratch.file("z.tqi"))
    #expect(try scratch.read("z.tqi") == scratch.read(name))
  }

  /// Calls that are refused and must leave everything as it was.
  mutating func refuse() throws {
    let d = kind.codec.dimension
    guard let known = ids.randomElement(using: &dice) else { return }
    let new = newIDs(2)
    let vectors = dice.normals(3 * d)
    failure { () throws(IndexError) in try index.add(vectors, ids: new + [known]) }
    failure { () throws(IndexError) in try index.add(vectors, ids: new + [new[0]]) }
    failure { () throws(IndexError) in try index.add(vectors, ids: new) }
    if d > 1 { failure { () throws(IndexError) in try index.add(vectors + [1]) } }
    failure { () throws(IndexError) in try index.remove([known, new[0]]) }
    failure { () throws(IndexError) in try index.remove([known, known]) }
    var bad = vectors
    bad[2 * d] = .nan
    failure { () throws(IndexError) in try index.upsert(bad, ids: new + [known]) }
    let other = try kind.index(vectors, ids: new + [known])
    failure { () throws(IndexError) in try index.merge(other) }
    try check()
  }
}

// MARK: Checks

extension Script {
  mutating func check() throws {
    let ids = ids
    #expect(index.count == ids.count && index.isEmpty == ids.isEmpty)
    #expect(try index.ids().sorted() == ids)
    let fresh = try kind.index(ids.flatMap { rows[$0] ?? [] }, ids: ids)
    #expect(index.fingerprint == fresh.fingerprint)
    for id in dice.some(ids, oneIn: 1 + ids.count / 10) + newIDs(2) {
      #expect(try index.contains(id) == (rows[id] != nil))
      guard let row = rows[id] else { continue }
      #expect(try index.reconstruct(id) == fresh.reconstruct(id))
      if kind.originals == .float32 { #expect(try index.original(id) == row) }
      if kind.originals != nil { #expect(try index.original(id) == fresh.original(id)) }
    }
    try checkSearches(fresh)
  }

  /// Every search against what the fresh index says of all rows.
  private mutating func checkSearches(_ fresh: VectorIndex) throws {
    let n = rows.count
    let queries = queries(dice.pick([1, 2, 5]))
    let all = try fresh.search(queries, count: n + 1, options: .exhaustive)
    for hits in all {
      #expect(hits.map(\.id).sorted() == ids)
      #expect(zip(hits, hits.dropFirst()).allSatisfy(isBetter))
    }
    let count = 1 + dice.below(n + 3)
    let threads = dice.pick([1, 1, 2, 5])
    var options = SearchOptions.signsFirst(exactness: .exhaustive, threads: threads)
    func firsts(_ hits: [[Hit]]) -> [[Hit]] { hits.map { Array($0.prefix(count)) } }
    #expect(try index.search(queries, count: count, options: options) == firsts(all))

    let chosen = Set(dice.some(ids, oneIn: dice.pick([2, 10])) + newIDs(3))
    options.filter = dice.pick([.ids(chosen), .predicate { chosen.contains($0) }])
    let allowed = all.map { $0.filter { chosen.contains($0.id) } }
    #expect(try index.search(queries, count: count, options: options) == firsts(allowed))
    try checkRange(queries, all, allowed, options)
    if kind.originals != nil {
      try checkReranked(queries, allowed, options, fresh)
      options.rerank = nil
    }

    // What a certified search finds is decided by the rows, not by their order or the threads; how many it reads
    // whole not by the threads (of rows whose signs tie at the end of the first pass the order chooses).
    options.exactness = .certified(failureProbability: dice.pick([1, 0.3, 1e-3]))
    options.hasStandardErrors = dice.isOne(in: 2)
    options.filter = dice.isOne(in: 2) ? nil : options.filter
    let few = 1 + dice.below(8)
    let found = try index.searchWithStatistics(queries, count: few, options: options)
    options.threads = 1
    let again = try index.searchWithStatistics(queries, count: few, options: options)
    #expect(found.hits == again.hits && found.statistics == again.statistics)
    #expect(try fresh.search(queries, count: few, options: options) == found.hits)
    for (hits, all) in zip(found.hits, all) {
      let scores = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.score) })
      #expect(hits.allSatisfy { scores[$0.id] == $0.score })
      #expect(zip(hits, hits.dropFirst()).allSatisfy(isBetter))
    }
  }

  private func isBetter(_ a: Hit, _ b: Hit) -> Bool {
    guard a.score != b.score else { return a.id < b.id }
    return kind.metric.isDistance ? a.score < b.score : a.score > b.score
  }

  private mutating func checkRange(
    _ queries: [Float], _ all: [[Hit]], _ allowed: [[Hit]], _ options: SearchOptions
  ) throws {
    // A score that is there, so that the border itself is tested.
    guard let limit = all[0].randomElement(using: &dice)?.score else { return }
    let inside = allowed.map { hits in
      hits.filter { kind.metric.isDistance ? $0.score <= limit : $0.score >= limit }
    }
    #expect(try index.rangeSearch(queries, limit: limit, options: options) == inside)
  }

  /// Reranked hits carry the exact scores of the originals.
  private mutating func checkReranked(
    _ queries: [Float], _ allowed: [[Hit]], _ options: SearchOptions, _ fresh: VectorIndex
  ) throws {
    let (d, count) = (kind.codec.dimension, 1 + dice.below(4))
    var options = options
    let depth = count + dice.below(20)
    options.rerank = depth
    let found = try index.search(queries, count: count, options: options)
    for (number, hits) in found.enumerated() {
      let query = queries[number * d..<(number + 1) * d].map { Double($0) }
      let exact = try allowed[number].prefix(depth).map { hit in
        Hit(id: hit.id, score: exactScore(try fresh.original(hit.id), query))
      }
      let expected = exact.sorted(by: isBetter).prefix(count)
      #expect(hits.map(\.id) == expected.map(\.id) && hits.map(\.score) == expected.map(\.score))
    }
  }

  private func exactScore(_ x: [Float], _ q: [Double]) -> Float {
    let x = x.map { Double($0) }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    switch kind.metric {
    case .innerProduct: return Float(dot(x, q))
    case .squaredEuclidean:
      let difference = zip(x, q).map { $0 - $1 }
      return Float(dot(difference, difference))
    case .cosine:
      let lengths = (dot(x, x) * dot(q, q)).squareRoot()
      return lengths > 0 ? Float(dot(x, q) / lengths) : 0
    }
  }

  func checkCopies() throws {
    for copy in copies {
      #expect(try copy.index.search(copy.queries, count: 5, options: .exhaustive) == copy.hits)
    }
  }
}

extension Dice: RandomNumberGenerator {
  mutating func next() -> UInt64 {
    UInt64(below(1 << 31)) << 33 | UInt64(below(1 << 31)) << 2 | UInt64(below(4))
  }
}
