// What a task waits for: the work is done on other threads than those of Swift concurrency, ends soon after the task is
// cancelled, and tells how far it is.

internal import Dispatch
internal import TurboQuant
internal import TurboQuantThreads

extension SharedVectorIndex {
  /// Told how far some work is: how many units of how many are done.
  ///
  /// It is called on the threads that work, never twice at once, and should return soon.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  /// As ``VectorIndex/search(_:count:options:)-([Float],_,_)``, on the index as it is when the search begins.
  ///
  /// - Parameters:
  ///   - queries: The queries, one after another, of the index's dimension.
  ///   - count: How many rows to return for each, at least 1.
  ///   - options: Exactness, filter, reranking, error bars, threads.
  ///   - progress: Told how many queries have been searched.
  /// - Returns: One list of hits per query.
  /// - Throws: ``IndexError`` as that; `CancellationError` if the task is cancelled.
  public func search(
    _ queries: [Float], count: Int, options: SearchOptions = SearchOptions(),
    progress: Progress? = nil
  ) async throws -> [[Hit]] {
    let index = snapshot
    return try await run(total: queries.count / index.codec.dimension, progress) {
      (monitor) throws(IndexError) in
      try index.searchWithStatistics(queries.span, count: count, options: options, monitor).hits
    }
  }

  /// As ``VectorIndex/add(_:ids:threads:)-([Float],_,_)``; becomes visible at once, when all is added.
  ///
  /// - Parameters:
  ///   - vectors: The vectors, one after another.
  ///   - ids: One id per vector; if nil, numbers after the largest id ever used.
  ///   - threads: Threads that encode.
  ///   - progress: Told how many vectors have been encoded.
  /// - Returns: The ids.
  /// - Throws: ``IndexError`` as that; `CancellationError` if the task is cancelled. Nothing is added then.
  @discardableResult
  public func add(
    _ vectors: [Float], ids: [UInt64]? = nil, threads: Int = 1, progress: Progress? = nil
  ) async throws -> [UInt64] {
    try await change(vectors, progress) { (index, monitor) throws(IndexError) in
      try index.add(vectors, ids: ids, threads: threads, monitor)
    }
  }

  /// As ``VectorIndex/upsert(_:ids:threads:)-([Float],_,_)``; becomes visible at once.
  ///
  /// - Throws: As ``add(_:ids:threads:progress:)``.
  public func upsert(
    _ vectors: [Float], ids: [UInt64], threads: Int = 1, progress: Progress? = nil
  ) async throws {
    try await change(vectors, progress) { (index, monitor) throws(IndexError) in
      try index.upsert(vectors, ids: ids, threads: threads, monitor)
    }
  }

  /// As ``VectorIndex/add(_:tags:threads:)-([Float],_,_)``; becomes visible at once.
  ///
  /// - Throws: As ``add(_:ids:threads:progress:)``.
  @discardableResult
  public func add(
    _ vectors: [Float], tags: [some RowTagConvertible], threads: Int = 1,
    progress: Progress? = nil
  ) async throws -> [UInt64] {
    let tags = tags.map(\.rowTag)
    return try await change(vectors, progress) { (index, monitor) throws(IndexError) in
      try index.add(vectors, tags: tags, threads: threads, monitor)
    }
  }

  /// As ``VectorIndex/upsert(_:tags:threads:)-([Float],_,_)``; becomes visible at once.
  ///
  /// - Throws: As ``add(_:ids:threads:progress:)``.
  @discardableResult
  public func upsert(
    _ vectors: [Float], tags: [some RowTagConvertible], threads: Int = 1,
    progress: Progress? = nil
  ) async throws -> [UInt64] {
    let tags = tags.map(\.rowTag)
    return try await change(vectors, progress) { (index, monitor) throws(IndexError) in
      try index.upsert(vectors, tags: tags, threads: threads, monitor)
    }
  }

  /// As ``VectorIndex/save(to:)``, of the index as it is when saving begins.
  ///
  /// - Parameters:
  ///   - path: The file, which is replaced whole or not at all.
  ///   - progress: Told how many bytes have been written.
  /// - Throws: ``IndexError`` as that; `CancellationError` if the task is cancelled, and the path then holds what it
  ///   held before.
  public func save(to path: String, progress: Progress? = nil) async throws {
    let index = snapshot
    try await run(total: index.storedByteCount, progress) { (monitor) throws(IndexError) in
      try index.save(to: path, monitor)
    }
  }
}

// MARK: Running

extension SharedVectorIndex {
  /// Changes the index when earlier asynchronous changes are done.
  private func change<Result: Sendable>(
    _ vectors: [Float], _ progress: Progress?,
    _ body: @escaping @Sendable (inout VectorIndex, WorkMonitor) throws(IndexError) -> Result
  ) async throws -> Result {
    let total = vectors.count / snapshot.codec.dimension
    return try await run(on: changes, total: total, progress) { (monitor) throws(IndexError) in
      try monitor.check()
      return try self.update { (index) throws(IndexError) in try body(&index, monitor) }
    }
  }

  private func run<Result: Sendable>(
    on queue: DispatchQueue = .global(qos: .userInitiated), total: Int, _ progress: Progress?,
    _ body: @escaping @Sendable (WorkMonitor) throws(IndexError) -> Result
  ) async throws -> Result {
    let monitor = WorkMonitor(total: total, progress)
    do {
      return try await Background.run(on: queue, monitor) { try body(monitor) }
    } catch let error as IndexError where error.kind == .cancelled {
      throw CancellationError()
    }
  }
}
