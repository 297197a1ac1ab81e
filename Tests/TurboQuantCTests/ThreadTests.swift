import CTurboQuant
import Dispatch
import Synchronization
import TestSupport
import Testing
import TurboQuantC
import TurboQuantIndex

@Suite("Handles on many threads")
struct ThreadTests {
  @Test func searchesBesideChanges() throws {
    let rows = SameResultsTests.vectors(400)
    let index = try makeIndex()
    try check(add(rows.prefix(100 * SameResultsTests.dimension), to: index))
    let failures = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for step in 0..<40 {
        guard thread > 0 else {
          let first = (100 + 5 * step) * SameResultsTests.dimension
          let status = add(
            rows[first..<first + 5 * SameResultsTests.dimension], to: index)
          if Int(status) != TQ_OK { failures.wrappingAdd(1, ordering: .relaxed) }
          continue
        }
        // Every row that was there at first is found, whatever is added meanwhile.
        let query = Array(rows.dropFirst(step * SameResultsTests.dimension))
          .prefix(SameResultsTests.dimension)
        var (score, id) = ([Float](repeating: 0, count: 1), [Int64](repeating: 0, count: 1))
        let status = unsafe tq_index_search(
          index.raw, Array(query), query.count, tq_type(TQ_FLOAT32), 1, nil, &score, &id, nil, 1)
        if Int(status) != TQ_OK || id[0] != step { failures.wrappingAdd(1, ordering: .relaxed) }
      }
    }
    #expect(failures.load(ordering: .relaxed) == 0)
    var count = 0
    try unsafe check(tq_index_count(index.raw, &count))
    #expect(count == 300)
  }

  @Test func eachThreadHasItsOwnError() throws {
    let differs = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for _ in 0..<200 {
        let path = "/no such file \(thread)"
        var index: OpaquePointer?
        let status = unsafe tq_index_open(path, &index)
        let text = unsafe String(cString: tq_last_error())
        if status != 414 || !text.contains(path) { differs.wrappingAdd(1, ordering: .relaxed) }
      }
    }
    #expect(differs.load(ordering: .relaxed) == 0)
  }

  @Test func freeingOnceSucceedsOnOneThread() throws {
    for _ in 0..<50 {
      let index = try unsafe makeRawIndex()
      let freed = Atomic(0)
      let refused = Atomic(0)
      let bits = UInt(bitPattern: index)
      DispatchQueue.concurrentPerform(iterations: 4) { _ in
        let status = unsafe tq_index_free(OpaquePointer(bitPattern: bits))
        switch Int(status) {
        case TQ_OK: freed.wrappingAdd(1, ordering: .relaxed)
        case TQ_ERROR_INVALID_HANDLE: refused.wrappingAdd(1, ordering: .relaxed)
        default: break
        }
      }
      #expect(freed.load(ordering: .relaxed) == 1 && refused.load(ordering: .relaxed) == 3)
    }
  }

  private func makeRawIndex() throws -> OpaquePointer? {
    var options = unsafe tq_index_options()
    unsafe options.struct_size = MemoryLayout<tq_index_options>.size
    unsafe options.dimension = SameResultsTests.dimension
    // Scores of unit length: a row is the nearest to itself.
    unsafe options.metric = tq_metric(TQ_METRIC_COSINE)
    var index: OpaquePointer?
    try unsafe check(tq_index_create(&options, &index))
    return unsafe index
  }

  private func makeIndex() throws -> Handle {
    try unsafe Handle(tq_index_free) { place in
      unsafe place.pointee = try? makeRawIndex()
      return 0
    }
  }

  private func add(_ vectors: ArraySlice<Float>, to index: Handle) -> tq_status {
    let vectors = Array(vectors)
    return unsafe tq_index_add(
      index.raw, vectors, vectors.count, tq_type(TQ_FLOAT32), nil, 0, nil, nil, 0)
  }
}
