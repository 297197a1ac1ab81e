internal import TurboQuantThreads

/// An index that many threads search while one at a time changes it.
///
/// A search sees the rows as they were after some whole change: never half of one. Searches do not wait
/// for a change and a change does not wait for searches; it copies those chunks of 4,096 rows that a
/// search may still read.
///
/// ```swift
/// let shared = SharedVectorIndex(index)
/// try shared.update { (index) throws(IndexError) in try index.add(vectors) }
/// let hits = try shared.search(queries, count: 10)
/// ```
public final class SharedVectorIndex: Sendable {
  // The order of the locks: writers take `latest` first, then for a moment `published`.
  private let latest: Guarded<VectorIndex>
  private let published: Guarded<VectorIndex>

  /// Shares an index.
  public init(_ index: VectorIndex) {
    latest = Guarded(index)
    published = Guarded(index.forReading)
  }

  /// The index as it is now; later changes do not show in it.
  public var snapshot: VectorIndex { published.withLock { $0 } }

  /// Changes the index; one update runs at a time.
  ///
  /// - Parameter change: Gets the index; what it has done when it returns becomes visible at once. When it
  ///   throws, nothing has changed.
  /// - Returns: What `change` returns.
  /// - Throws: What `change` throws.
  @discardableResult
  public func update<Result: Sendable>(
    _ change: (inout VectorIndex) throws(IndexError) -> Result
  ) throws(IndexError) -> Result {
    try latest.withLock { (index) throws(IndexError) in
      do throws(IndexError) {
        let result = try change(&index)
        let readable = index.forReading
        published.withLock { $0 = readable }
        return result
      } catch {
        // Its table of ids is made anew by the next change.
        index = snapshot
        throw error
      }
    }
  }

  /// As ``VectorIndex/search(_:count:options:)``, on the index as it is now.
  ///
  /// - Throws: As ``VectorIndex/search(_:count:options:)``.
  public func search(
    _ queries: [Float], count: Int, options: SearchOptions = SearchOptions()
  ) throws(IndexError) -> [[Hit]] {
    try snapshot.search(queries, count: count, options: options)
  }
}

extension VectorIndex {
  /// The index without its table of ids, whose sharing would make the next change copy all of it.
  fileprivate var forReading: VectorIndex {
    var index = self
    index.slots = nil
    return index
  }
}
