// The same calls for half-precision floats: with the results of their float32 values.

internal import TurboQuant
internal import TurboQuantKernels

#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
  extension VectorIndex {
    /// Adds half-precision vectors, as ``add(_:ids:threads:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @discardableResult
    @_disfavoredOverload public mutating func add(
      _ vectors: [Float16], ids: [UInt64]? = nil, threads: Int = 1
    ) throws(IndexError) -> [UInt64] {
      try add(widened(vectors.span), ids: ids, threads: threads)
    }

    /// Adds half-precision vectors with tags, as ``add(_:tags:threads:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @discardableResult
    @_disfavoredOverload public mutating func add(
      _ vectors: [Float16], tags: [some RowTagConvertible], threads: Int = 1
    ) throws(IndexError) -> [UInt64] {
      try add(widened(vectors.span), tags: tags, threads: threads)
    }

    /// Adds half-precision vectors, or replaces those whose id is there, as ``upsert(_:ids:threads:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @_disfavoredOverload public mutating func upsert(
      _ vectors: [Float16], ids: [UInt64], threads: Int = 1
    ) throws(IndexError) {
      try upsert(widened(vectors.span), ids: ids, threads: threads)
    }

    /// Adds half-precision vectors, or replaces those whose tag is there, as ``upsert(_:tags:threads:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @discardableResult
    @_disfavoredOverload public mutating func upsert(
      _ vectors: [Float16], tags: [some RowTagConvertible], threads: Int = 1
    ) throws(IndexError) -> [UInt64] {
      try upsert(widened(vectors.span), tags: tags, threads: threads)
    }

    /// The nearest rows of each query, as ``search(_:count:options:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @_disfavoredOverload public func search(
      _ queries: [Float16], count: Int, options: SearchOptions = SearchOptions()
    ) throws(IndexError) -> [[Hit]] {
      try search(widened(queries.span), count: count, options: options)
    }

    /// All rows that score at least as well as `limit`, as ``rangeSearch(_:limit:options:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @_disfavoredOverload public func rangeSearch(
      _ queries: [Float16], limit: Float, options: SearchOptions = SearchOptions()
    ) throws(IndexError) -> [[Hit]] {
      try rangeSearch(widened(queries.span), limit: limit, options: options)
    }

    private func widened(_ vectors: Span<Float16>) -> [Float] {
      var floats = [Float](repeating: 0, count: vectors.count)
      var target = floats.mutableSpan
      codec.kernels.widen(vectors, into: &target)
      return floats
    }
  }

  /// For spans.
  extension VectorIndex {
    /// Adds half-precision vectors, as ``add(_:ids:threads:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @discardableResult
    public mutating func add(
      _ vectors: Span<Float16>, ids: [UInt64]? = nil, threads: Int = 1
    ) throws(IndexError) -> [UInt64] {
      try add(widened(vectors), ids: ids, threads: threads)
    }

    /// Adds half-precision vectors with tags, as ``add(_:tags:threads:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @discardableResult
    public mutating func add(
      _ vectors: Span<Float16>, tags: [some RowTagConvertible], threads: Int = 1
    ) throws(IndexError) -> [UInt64] {
      try add(widened(vectors), tags: tags, threads: threads)
    }

    /// Adds half-precision vectors, or replaces those whose id is there, as ``upsert(_:ids:threads:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    public mutating func upsert(
      _ vectors: Span<Float16>, ids: [UInt64], threads: Int = 1
    ) throws(IndexError) {
      try upsert(widened(vectors), ids: ids, threads: threads)
    }

    /// Adds half-precision vectors, or replaces those whose tag is there, as ``upsert(_:tags:threads:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    @discardableResult
    public mutating func upsert(
      _ vectors: Span<Float16>, tags: [some RowTagConvertible], threads: Int = 1
    ) throws(IndexError) -> [UInt64] {
      try upsert(widened(vectors), tags: tags, threads: threads)
    }

    /// The nearest rows of each query, as ``search(_:count:options:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    public func search(
      _ queries: Span<Float16>, count: Int, options: SearchOptions = SearchOptions()
    ) throws(IndexError) -> [[Hit]] {
      try search(widened(queries), count: count, options: options)
    }

    /// All rows that score at least as well as `limit`, as ``rangeSearch(_:limit:options:)-([Float],_,_)``.
    ///
    /// - Throws: ``IndexError`` as that.
    public func rangeSearch(
      _ queries: Span<Float16>, limit: Float, options: SearchOptions = SearchOptions()
    ) throws(IndexError) -> [[Hit]] {
      try rangeSearch(widened(queries), limit: limit, options: options)
    }
  }
#endif
