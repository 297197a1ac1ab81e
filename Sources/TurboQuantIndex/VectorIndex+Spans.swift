// The same calls for spans. Vectors to add are copied; arrays are taken as they are.

internal import TurboQuantKernels

extension VectorIndex {
  /// Adds vectors, as ``add(_:ids:threads:)-([Float],_,_)``.
  ///
  /// - Throws: ``IndexError`` as that.
  @discardableResult
  public mutating func add(
    _ vectors: Span<Float>, ids: [UInt64]? = nil, threads: Int = 1
  ) throws(IndexError) -> [UInt64] {
    try add(vectors.copied(), ids: ids, threads: threads)
  }

  /// Adds vectors with tags, as ``add(_:tags:threads:)-([Float],_,_)``.
  ///
  /// - Throws: ``IndexError`` as that.
  @discardableResult
  public mutating func add(
    _ vectors: Span<Float>, tags: [some RowTagConvertible], threads: Int = 1
  ) throws(IndexError) -> [UInt64] {
    try add(vectors.copied(), tags: tags, threads: threads)
  }

  /// Adds vectors, or replaces those whose id is there, as ``upsert(_:ids:threads:)-([Float],_,_)``.
  ///
  /// - Throws: ``IndexError`` as that.
  public mutating func upsert(
    _ vectors: Span<Float>, ids: [UInt64], threads: Int = 1
  ) throws(IndexError) {
    try upsert(vectors.copied(), ids: ids, threads: threads)
  }

  /// Adds vectors, or replaces those whose tag is there, as ``upsert(_:tags:threads:)-([Float],_,_)``.
  ///
  /// - Throws: ``IndexError`` as that.
  @discardableResult
  public mutating func upsert(
    _ vectors: Span<Float>, tags: [some RowTagConvertible], threads: Int = 1
  ) throws(IndexError) -> [UInt64] {
    try upsert(vectors.copied(), tags: tags, threads: threads)
  }

  /// The nearest rows of each query, as ``search(_:count:options:)-([Float],_,_)``.
  ///
  /// - Throws: ``IndexError`` as that.
  public func search(
    _ queries: Span<Float>, count: Int, options: SearchOptions = SearchOptions()
  ) throws(IndexError) -> [[Hit]] {
    try searchWithStatistics(queries, count: count, options: options, nil).hits
  }
}
