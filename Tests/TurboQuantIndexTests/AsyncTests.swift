import Foundation
import Synchronization
import TestSupport
import Testing
import TurboQuant

@testable import TurboQuantIndex

/// Searches, changes and saves that a task waits for.
@Suite struct AsyncTests {
  private static let dimension = 64

  private static func shared(rows: Int, tags: TagKind? = nil) throws -> SharedVectorIndex {
    var dice = Dice(seed: 1)
    var index = try VectorIndex(dimension: dimension, bits: 4, tags: tags)
    let vectors = dice.normals(dimension * rows)
    if tags == nil {
      try index.add(vectors, threads: 2)
    } else {
      try index.add(vectors, tags: (0..<rows).map { "row \($0)" }, threads: 2)
    }
    return SharedVectorIndex(index)
  }

  /// What a progress closure was told, in order.
  private final class Reports: Sendable {
    private let all = Mutex<[[Int]]>([])
    var last: [Int]? { all.withLock { $0.last } }
    var count: Int { all.withLock { $0.count } }
    /// Whether the numbers rise, up to one total.
    var areInOrder: Bool {
      all.withLock { all in
        zip(all, all.dropFirst()).allSatisfy { $0[0] < $1[0] && $0[1] == $1[1] }
      }
    }
    func note(_ done: Int, _ total: Int) { all.withLock { $0.append([done, total]) } }
  }

  @Test(arguments: [1, 3])
  func resultsAreThoseOfPlainCalls(threads: Int) async throws {
    let shared = try Self.shared(rows: 9000)
    var dice = Dice(seed: 2)
    let queries = dice.normals(Self.dimension * 300)
    let reports = Reports()
    let options = SearchOptions.signsFirst(threads: threads)
    let hits = try await shared.search(
      queries, count: 5, options: options, progress: { reports.note($0, $1) })
    #expect(try hits == shared.snapshot.search(queries, count: 5, options: options))
    #expect(reports.last == [300, 300] && reports.areInOrder && reports.count > 2)
  }

  @Test func changesAreThoseOfPlainCalls() async throws {
    let (shared, tagged) = (try Self.shared(rows: 10), try Self.shared(rows: 10, tags: .text))
    var (plain, plainTagged) = (shared.snapshot, tagged.snapshot)
    var dice = Dice(seed: 3)
    let (more, reports) = (dice.normals(Self.dimension * 9000), Reports())
    let ids = try await shared.add(more, threads: 2, progress: { reports.note($0, $1) })
    #expect(try ids == plain.add(more))
    #expect(reports.last == [9000, 9000] && reports.areInOrder)
    let some = dice.normals(Self.dimension * 3)
    try await shared.upsert(some, ids: [3, 12_000, 4])
    try plain.upsert(some, ids: [3, 12_000, 4])
    let tags = ["row 3", "é", "row 11"]
    try await tagged.upsert(some, tags: tags)
    try await tagged.add(some, tags: tags.map { $0 + "b" })
    try plainTagged.upsert(some, tags: tags)
    try plainTagged.add(some, tags: tags.map { $0 + "b" })
    #expect(try tagged.snapshot.tags() == plainTagged.tags())
    for (found, expected) in [(shared.snapshot, plain), (tagged.snapshot, plainTagged)] {
      #expect(try found.ids() == expected.ids())
      #expect(try found.search(some, count: 9) == expected.search(some, count: 9))
    }
    let scratch = try Scratch()
    try await shared.save(to: scratch.file("a.tqi"), progress: { reports.note($0, $1) })
    try plain.save(to: scratch.file("b.tqi"))
    #expect(try scratch.read("a.tqi") == scratch.read("b.tqi"))
    #expect(reports.last?[0] == reports.last?[1])
  }

  @Test func errorsAreThoseOfPlainCalls() async throws {
    let shared = try Self.shared(rows: 10)
    let one = [Float](repeating: 1, count: Self.dimension)
    await #expect(throws: IndexError.self) { try await shared.search([1], count: 1) }
    await #expect(throws: IndexError.self) { try await shared.search(one, count: 0) }
    await #expect(throws: IndexError.self) { try await shared.add(one, ids: [3]) }
    await #expect(throws: IndexError.self) { try await shared.upsert(one, tags: ["a"]) }
    await #expect(throws: IndexError.self) { try await shared.save(to: "/") }
    let bad = one + [Float](repeating: .nan, count: Self.dimension)
    let error = await #expect(throws: IndexError.self) { try await shared.add(bad) }
    #expect(error?.description.contains("row 1") == true)
    #expect(shared.snapshot.count == 10)
  }

  /// A task that is cancelled by its own first report after 20 ms, and how long it then takes to end.
  private final class Cancellation: Sendable {
    private let task = Mutex<Task<Void, any Error>?>(nil)
    private let moment = Mutex<ContinuousClock.Instant?>(nil)
    private let reportsAfterwards = Atomic(0)
    private let start = ContinuousClock.now

    func report(_ done: Int, _ total: Int) {
      if moment.withLock({ $0 }) != nil {
        reportsAfterwards.wrappingAdd(1, ordering: .relaxed)
        return
      }
      guard ContinuousClock.now - start >= .milliseconds(20) else { return }
      // The task may not have been noted yet.
      while true {
        guard let task = task.withLock({ $0 }) else { continue }
        moment.withLock { $0 = .now }
        return task.cancel()
      }
    }

    func timeToEnd(
      _ body: @escaping @Sendable (Cancellation) async throws -> Void
    ) async throws -> (time: Duration, reportsAfterwards: Int) {
      let task = Task { try await body(self) }
      self.task.withLock { $0 = task }
      let result = await task.result
      let end = ContinuousClock.now
      #expect(throws: CancellationError.self) { try result.get() }
      let cancelled = try #require(moment.withLock { $0 })
      return (end - cancelled, reportsAfterwards.load(ordering: .relaxed))
    }
  }

  /// Whether this test runs alone, so that times mean something.
  private static let isTimed = environmentNumber("TQ_TIMING", default: 0) > 0

  /// Work that ends soon after it is cancelled.
  ///
  /// However busy the machine, each thread reports at most what it was doing. Alone, the work ends within 5 ms: the
  /// least of some times, since another process may take the processor away for longer.
  private func expectEndsSoon(
    threads: Int = 1, _ body: @escaping @Sendable (Cancellation) async throws -> Void
  ) async throws {
    var least = Duration.seconds(1000)
    for _ in 0..<(Self.isTimed ? 20 : 3) {
      let (time, reports) = try await Cancellation().timeToEnd(body)
      #expect(reports <= threads)
      least = min(least, time)
    }
    if Self.isTimed { #expect(least < .milliseconds(5), "\(least)") }
  }

  @Test(arguments: [SearchOptions(), .exhaustive, SearchOptions(threads: 2)])
  func twentyThousandQueriesEndSoon(options: SearchOptions) async throws {
    let shared = try Self.shared(rows: isOptimizedBuild ? 100_000 : 9000)
    var dice = Dice(seed: 4)
    let queries = dice.normals(Self.dimension * 20_000)
    try await expectEndsSoon(threads: options.threads) { cancellation in
      _ = try await shared.search(
        queries, count: 10, options: options, progress: { cancellation.report($0, $1) })
    }
  }

  @Test func additionsEndSoonAndAddNothing() async throws {
    let shared = try Self.shared(rows: 10)
    var dice = Dice(seed: 5)
    let more = dice.normals(Self.dimension * (isOptimizedBuild ? 1_000_000 : 40_000))
    try await expectEndsSoon { cancellation in
      try await shared.add(more, progress: { cancellation.report($0, $1) })
    }
    #expect(shared.snapshot.count == 10)
    try await shared.add(Array(more[..<Self.dimension]))
    #expect(try shared.snapshot.ids().count == 11)
  }

  @Test func cancelledSavesLeaveWhatWasThere() async throws {
    let shared = try Self.shared(rows: 5000)
    let scratch = try Scratch()
    try await shared.save(to: scratch.file("x.tqi"))
    let before = try scratch.read("x.tqi")
    try await shared.add([Float](repeating: 1, count: Self.dimension))
    let gate = Gate()
    let task = Task {
      try await shared.save(to: scratch.file("x.tqi"), progress: { _, _ in gate.pass() })
    }
    // The save stands in its first report until the task is cancelled.
    await gate.waitUntilReached()
    task.cancel()
    gate.open()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try scratch.read("x.tqi") == before)
    #expect(try scratch.names == ["x.tqi"])
  }

  @Test func cancelledTasksBeginNothing() async throws {
    let shared = try Self.shared(rows: 10)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      try await shared.add([Float](repeating: 1, count: Self.dimension))
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(shared.snapshot.count == 10)
  }

  /// Changes from many tasks, each whole, none lost, while others search.
  @Test func manyTasksChangeAndSearch() async throws {
    let shared = try Self.shared(rows: 100)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<5 {
            let row = [Float](repeating: Float(task + round + 1), count: Self.dimension)
            try await shared.add(row + row)
            let hits = try await shared.search(row, count: 300)
            #expect(hits[0].count % 2 == 0)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try Set(shared.snapshot.ids()) == Set(0..<180))
  }

  /// `update` in the middle of an asynchronous change waits for it, and the other way round.
  @Test func updatesAndAsynchronousChangesTakeTurns() async throws {
    let shared = try Self.shared(rows: 1)
    let row = [Float](repeating: 1, count: Self.dimension)
    async let first = shared.add(row)
    shared.update { (index) in _ = try? index.remove(0) }
    _ = try await first
    #expect(shared.snapshot.count == 1)
  }
}

/// A place where one thread waits until another opens it.
private final class Gate: Sendable {
  private let reached = Atomic(false)
  private let isOpen = Atomic(false)

  func pass() {
    reached.store(true, ordering: .releasing)
    while !isOpen.load(ordering: .acquiring) { usleep(100) }
  }

  func waitUntilReached() async {
    while !reached.load(ordering: .acquiring) { await Task.yield() }
  }

  func open() { isOpen.store(true, ordering: .releasing) }
}
