internal import CTurboQuant
internal import TurboQuant
internal import TurboQuantIndex

extension tq_index_options: OptionStruct {}
extension tq_search_options: OptionStruct {}

extension VectorIndex {
  /// The empty index of a caller's options.
  init(_ options: tq_index_options) throws {
    let isTwoStage = try unsafe choice(
      options.quantizer, "tq_quantizer that an index scans", standard: false,
      [(TQ_QUANTIZER_SCALAR, false), (TQ_QUANTIZER_TWO_STAGE, true)])
    let metric = try unsafe choice(
      options.metric, "tq_metric", standard: Metric.innerProduct,
      [
        (TQ_METRIC_INNER_PRODUCT, .innerProduct), (TQ_METRIC_COSINE, .cosine),
        (TQ_METRIC_SQUARED_EUCLIDEAN, .squaredEuclidean),
      ])
    let originals = try unsafe choice(
      options.originals, "tq_originals", standard: Originals?.none,
      [(TQ_ORIGINALS_FLOAT16, .float16), (TQ_ORIGINALS_FLOAT32, .float32)])
    let tags = try unsafe choice(
      options.tags, "tq_tag_kind", standard: TagKind?.none,
      [(TQ_TAGS_TEXT, .text), (TQ_TAGS_BYTES, .bytes)])
    let mean = try unsafe input(options.mean, count: options.mean_count, "mean")
    try unsafe self.init(
      dimension: size(options.dimension), bits: options.bits == 0 ? 4 : size(options.bits),
      metric: metric, isTwoStage: isTwoStage, mean: unsafe mean.isEmpty ? nil : Array(mean),
      originals: originals, tags: tags, seed: options.seed)
  }
}

extension SearchOptions {
  /// The options of a caller's search.
  init(_ options: tq_search_options, hasStandardErrors: Bool) throws {
    try unsafe checkReserved(options.reserved)
    let probability = unsafe options.failure_probability
    let exactness = try unsafe choice(
      options.exactness, "tq_exactness", standard: true,
      [(TQ_EXACTNESS_CERTIFIED, true), (TQ_EXACTNESS_EXHAUSTIVE, false)])
    guard exactness || probability == 0 else {
      throw CallError.options("failure_probability has no effect on an exhaustive search")
    }
    unsafe self.init(
      exactness: exactness
        ? .certified(failureProbability: probability == 0 ? 1e-3 : probability) : .exhaustive,
      filter: try Filter.of(options), rerank: options.rerank == 0 ? nil : size(options.rerank),
      hasStandardErrors: hasStandardErrors, threads: threadCount(options.threads))
  }
}

extension Filter {
  fileprivate static func of(_ options: tq_search_options) throws -> Filter? {
    let ids = try unsafe input(options.filter_ids, count: options.filter_id_count, "filter_ids")
    let tags = try unsafe rowTags(
      options.filter_tags, options.filter_tag_byte_count, options.filter_tag_offsets,
      options.filter_tag_count)
    guard unsafe options.filter_tag_offsets != nil || options.filter_tags == nil else {
      throw CallError.options("filter_tags without filter_tag_offsets")
    }
    switch unsafe (options.filter_ids != nil, options.filter_tag_offsets != nil) {
    case (false, false): return nil
    case (true, false): return .ids(Set(try unsafe storedIDs(ids)))
    case (false, true): return .tags(Set(tags))
    case (true, true): throw CallError.options("a filter by ids and one by tags; give one of them")
    }
  }
}

/// Ids as an index has them.
func storedIDs(_ ids: UnsafeBufferPointer<Int64>) throws(CallError) -> [UInt64] {
  if let negative = unsafe ids.first(where: { $0 < 0 }) { throw .id(negative) }
  return unsafe ids.map { UInt64($0) }
}

/// An id as callers have it.
func callerID(_ id: UInt64) throws(CallError) -> Int64 {
  guard let id = Int64(exactly: id) else { throw .id(id) }
  return id
}
