internal import Dispatch
internal import TurboQuantThreads

/// An index that many threads search while one at a time changes it.
///
/// A search sees the rows as they were after some whole change, never in the middle of one. Searches do not wait
/// for changes, and changes do not wait for searches: a change copies the segments of 4,096 rows that a
/// search may still read.
///
/// ```swift
/// let shared = SharedVectorIndex(index)
/// try shared.update { try $0.add(vectors) }
/// let hits = try shared.search(queries, count: 10)
/// ```
public final class SharedVectorIndex: Sendable {
  // The order of the locks: writers take `latest` first, then for a moment `published`.
  private let latest: Guarded<VectorIndex>
  private let published: Guarded<VectorIndex>
  /// Where asynchronous changes wait for their turn, so that no thread waits.
  let changes = DispatchQueue(label: "turboquant.index.changes")
  /// The indexes that the current task is updating.
  @TaskLocal private static var updating: Set<ObjectIdentifier> = []

  /// Shares an index.
  public init(_ index: VectorIndex) {
    latest = Guarded(index)
    published = Guarded(index.forReading)
  }

  /// The index as it is now; later changes do not show in it.
  public var snapshot: VectorIndex { published.withLock { $0 } }

  /// Changes the index; one update runs at a time, and none inside another of the same index.
  ///
  /// - Parameter change: Gets the index; what it has done when it returns becomes visible at once. When it
  ///   throws, nothing has changed.
  /// - Returns: What `change` returns.
  /// - Throws: What `change` throws.
  /// - Precondition: It is not called from `change`, which has the index as its argument.
  @discardableResult
  public func update<Result: Sendable, Failure: Error>(
    _ change: (inout VectorIndex) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let identity = ObjectIdentifier(self)
    precondition(
      !Self.updating.contains(identity),
      "SharedVectorIndex.update inside update of the same index: change the closure's argument instead"
    )
    let outcome = Self.$updating.withValue(Self.updating.union([identity])) {
      Swift.Result<Result, Failure> { () throws(Failure) in try updateAlone(change) }
    }
    return try outcome.get()
  }

  private func updateAlone<Result: Sendable, Failure: Error>(
    _ change: (inout VectorIndex) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try latest.withLock { (index) throws(Failure) in
      do throws(Failure) {
        let result = try change(&index)
        let readable = index.forReading
        published.withLock { $0 = readable }
        return result
      } catch {
        // The next change builds the table of ids again.
        index = snapshot
        throw error
      }
    }
  }

  /// As ``VectorIndex/search(_:count:options:)-([Float],_,_)``, on the index as it is now.
  ///
  /// - Throws: As ``VectorIndex/search(_:count:options:)-([Float],_,_)``.
  public func search(
    _ queries: [Float], count: Int, options: SearchOptions = SearchOptions()
  ) throws(IndexError) -> [[Hit]] {
    try snapshot.search(queries, count: count, options: options)
  }
}

extension VectorIndex {
  /// The index without its table of ids, which the next change would copy if it were shared.
  fileprivate var forReading: VectorIndex {
    var index = self
    index.slots = nil
    return index
  }
}
