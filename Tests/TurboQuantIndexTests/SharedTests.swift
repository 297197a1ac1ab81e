import Foundation
import TestSupport
import Testing
import TurboQuant
import TurboQuantIndex
import TurboQuantThreads

/// Readers that search while a writer changes the index, for ThreadSanitizer to watch too.
///
/// Rows come in pairs, 2n and 2n + 1, of equal vectors; each update adds, replaces or removes whole
/// pairs, some by two calls. A reader that saw half an update would see half a pair.
@Suite struct SharedTests {
  private static let dimension = 24
  private static let updates = 150

  @Test func readersSeeWholeUpdates() throws {
    let kind = try IndexKind(dimension: Self.dimension, bits: 4, metric: .squaredEuclidean)
    var dice = Dice(seed: 21)
    let first = Self.pairs(700, &dice)
    let shared = SharedVectorIndex(try kind.index(first))
    let complaints = Guarded<[String]>([])
    let isDone = Guarded(false)
    let group = DispatchGroup()
    for reader in 0..<3 {
      Self.start(in: group) {
        var dice = Dice(seed: 100 + UInt64(reader))
        var searches = 0
        while !isDone.withLock({ $0 }) || searches < 3 {
          if let complaint = Self.read(shared, &dice, searches) {
            complaints.withLock { $0.append(complaint) }
          }
          searches += 1
        }
      }
    }
    Self.start(in: group) {
      var dice = Dice(seed: 22)
      do throws(IndexError) {
        for update in 0..<Self.updates { try Self.write(shared, &dice, update) }
      } catch {
        let text = "\(error)"
        complaints.withLock { $0.append(text) }
      }
      isDone.withLock { $0 = true }
    }
    group.wait()
    #expect(complaints.withLock { $0 } == [])
    #expect(try shared.snapshot.search(first, count: 1).count == 1400)
  }

  private static func start(in group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
    group.enter()
    Thread.detachNewThread {
      body()
      group.leave()
    }
  }

  private static func pairs(_ count: Int, _ dice: inout Dice) -> [Float] {
    (0..<count).flatMap { _ in
      let vector = dice.normals(dimension)
      return vector + vector
    }
  }

  private static func write(
    _ shared: SharedVectorIndex, _ dice: inout Dice, _ update: Int
  ) throws(IndexError) {
    let pairs = pairs(5, &dice)
    switch update % 3 {
    case 0:
      try shared.update { (index) throws(IndexError) in
        let half = pairs.count / 10
        for start in stride(from: 0, to: pairs.count, by: half) {
          try index.add(Array(pairs[start..<start + half]))
        }
      }
    case 1:
      let ids = (0..<5).flatMap { _ in
        let pair = UInt64(2 * dice.below(300))
        return [pair, pair + 1]
      }
      try shared.update { (index) throws(IndexError) in try index.upsert(pairs, ids: ids) }
    default:
      // The first calls succeed; as the last does not, none of them may show.
      let error = failure { () throws(IndexError) in
        try shared.update { (index) throws(IndexError) in
          try index.remove(index.ids().max() ?? 0)
          try index.add(Array(pairs[..<dimension]), ids: [0])
        }
      }
      guard error?.kind == .duplicateID(0, row: 0) else { Issue.record("not refused"); return }
      let pair = 600 + 2 * UInt64(update / 3)
      try shared.update { (index) throws(IndexError) in
        try index.remove(pair)
        try index.remove(pair + 1)
      }
    }
  }

  /// What is wrong with what a search finds.
  private static func read(
    _ shared: SharedVectorIndex, _ dice: inout Dice, _ search: Int
  ) -> String? {
    let q = dice.normals(dimension)
    do throws(IndexError) {
      var options = SearchOptions(exactness: .exhaustive, threads: search % 2 + 1)
      if search % 5 == 1 { options.filter = .predicate { $0 < 1000 } }
      let hits = try shared.search(q, count: 10_000, options: options)[0]
      guard hits.count >= (options.filter == nil ? 1300 : 800) else { return "\(hits.count) rows" }
      // Equal vectors have equal scores, so that both of a pair stand together.
      for first in stride(from: 0, to: hits.count, by: 2) {
        let (a, b) = (hits[first], first + 1 < hits.count ? hits[first + 1] : nil)
        guard let b, a.id % 2 == 0, b.id == a.id + 1, a.score == b.score else {
          return "\(a) without its twin"
        }
      }
      let few = try shared.search(q, count: 4)[0]
      return few.count == 4 && few[0].id + 1 == few[1].id ? nil : "\(few)"
    } catch {
      return "\(error)"
    }
  }

  @Test func snapshotsStayAsTheyWere() throws {
    var dice = Dice(seed: 23)
    let kind = try IndexKind(dimension: 8, bits: 2)
    let shared = SharedVectorIndex(try kind.index(dice.normals(8 * 10)))
    let (before, q) = (shared.snapshot, dice.normals(8))
    let hits = try before.search(q, count: 20)
    let added = try shared.update { (index) throws(IndexError) in
      try index.remove([1, 2])
      return try index.add(dice.normals(8 * 3))
    }
    #expect(added == [10, 11, 12])
    #expect(try before.search(q, count: 20) == hits)
    #expect(shared.snapshot.count == 11)
    // The error of an update comes out of it, and the next one starts from what was published.
    let error = failure { () throws(IndexError) in
      try shared.update { (index) throws(IndexError) in
        try index.remove(0)
        try index.remove(1)
      }
    }
    #expect(error?.kind == .unknownID(1))
    #expect(try shared.snapshot.contains(0) && shared.snapshot.count == 11)
    try shared.update { (index) throws(IndexError) in try index.remove(0) }
    #expect(shared.snapshot.count == 10)
  }

  private struct Refusal: Error {}

  @Test("An update throws what its closure does, whatever that is, or nothing")
  func errors() throws {
    let shared = SharedVectorIndex(try VectorIndex(dimension: 4, bits: 2))
    let vector: [Float] = [1, 2, 3, 4]
    #expect(try shared.update { try $0.add(vector) } == [0])
    #expect(throws: Refusal.self) {
      try shared.update {
        try $0.add(vector)
        throw Refusal()
      }
    }
    #expect(shared.update { $0.count } == 1)
    // Another index may be updated inside, and this one searched.
    let other = SharedVectorIndex(shared.snapshot)
    try shared.update { index in
      try index.add(vector)
      try other.update { try $0.remove(0) }
      #expect(try shared.search(vector, count: 5)[0].count == 1)
    }
    #expect(shared.snapshot.count == 2 && other.snapshot.isEmpty)
  }

  @Test func anUpdateInsideItselfSaysSo() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let shared = SharedVectorIndex(try VectorIndex(dimension: 4, bits: 2))
      shared.update { _ in shared.update { _ in } }
    }
    #if DEBUG
      let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(text.contains("SharedVectorIndex.update inside update"), "\(text)")
    #else
      #expect(result != nil)
    #endif
  }
}
