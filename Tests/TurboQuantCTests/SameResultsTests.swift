// The C functions and the Swift API give the same bytes and numbers, to the bit.

import CTurboQuant
import TestSupport
import Testing
import TurboQuant
import TurboQuantC
import TurboQuantIndex
import TurboQuantKVCache

@Suite struct SameResultsTests {
  static let dimension = 96

  /// Vectors of numbers that float16 holds.
  static func vectors(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var dice = Dice(seed: seed)
    return dice.normals(count * dimension).map { Float(Float16($0)) }
  }

  /// The bits of float16 or bfloat16, which are cut.
  static func bits(_ floats: [Float], _ type: Int) -> [UInt16] {
    floats.map { type == TQ_FLOAT16 ? Float16($0).bitPattern : UInt16($0.bitPattern >> 16) }
  }

  @Test(arguments: [1, 2, 3, 4], [1, 3])
  func codecs(quantizer: Int, threads: Int) throws {
    let kinds: [Quantizer] = [.scalar, .twoStage(), .qjl(), .polar()]
    let codec = try Codec(
      dimension: Self.dimension, rate: .bits(4), quantizer: kinds[quantizer - 1], seed: 7)
    var options = unsafe tq_codec_options()
    unsafe options.struct_size = MemoryLayout<tq_codec_options>.size
    unsafe options.dimension = Self.dimension
    unsafe options.quantizer = tq_quantizer(quantizer)
    unsafe options.seed = 7
    let handle = try unsafe Handle(tq_codec_free) { unsafe tq_codec_create(&options, $0) }

    var fingerprint = [UInt8](repeating: 0, count: 32)
    try unsafe check(tq_codec_fingerprint(handle.raw, &fingerprint, 32))
    #expect(fingerprint == codec.fingerprint.bytes)
    var (record, count) = ([UInt8](repeating: 0, count: 1 << 16), 0)
    try unsafe check(tq_codec_record(handle.raw, &record, record.count, &count))
    #expect(Array(record[..<count]) == codec.record)

    var information = tq_codec_information()
    information.struct_size = MemoryLayout<tq_codec_information>.size
    try unsafe check(tq_codec_info(handle.raw, &information))
    #expect(information.dimension == Self.dimension && information.seed == 7)
    #expect(information.bytes_per_vector == codec.bytesPerVector && information.bits == 4)
    #expect(Int(information.quantizer) == quantizer && information.normalization == 1)
    #expect(Int(information.rotation) == TQ_ROTATION_HADAMARD)
    #expect(Estimator.allCases[Int(information.estimator) - 1] == codec.standardEstimator)
    #expect(information.distortion == codec.distortion ?? .nan || codec.distortion == nil)

    let vectors = Self.vectors(700)
    let codes = try codec.encode(vectors)
    var bytes = [UInt8](repeating: 0, count: codes.bytes.count)
    try unsafe check(
      tq_codec_encode(
        handle.raw, vectors, vectors.count, tq_type(TQ_FLOAT32), threads, &bytes, bytes.count))
    #expect(bytes == codes.bytes)
    for type in [TQ_FLOAT16, TQ_BFLOAT16] {
      let halves = Self.bits(vectors, type)
      var again = bytes.map { ~$0 }
      // float16 holds the vectors exactly; bfloat16 cuts them.
      let exact =
        type == TQ_FLOAT16
        ? codes.bytes : try codec.encode(halves.map { Float(bitPattern: UInt32($0) << 16) }).bytes
      try unsafe check(
        tq_codec_encode(
          handle.raw, halves, halves.count, tq_type(type), threads, &again, again.count))
      #expect(again == exact)
    }

    var floats = [Float](repeating: 0, count: vectors.count)
    try unsafe check(
      tq_codec_decode(handle.raw, bytes, bytes.count, threads, &floats, floats.count))
    #expect(try floats == codec.decode(codes))

    let query = Self.vectors(1, seed: 2)
    let prepared = try unsafe Handle(tq_query_free) {
      unsafe tq_query_create(handle.raw, query, query.count, tq_type(TQ_FLOAT32), $0)
    }
    var values = [Double](repeating: 0, count: codes.count)
    var (errors, alone) = (values, values)
    try unsafe check(
      tq_codec_estimate(
        handle.raw, prepared.raw, bytes, bytes.count, 0, &values, &errors, values.count))
    try unsafe check(
      tq_codec_estimate(handle.raw, prepared.raw, bytes, bytes.count, 0, &alone, nil, alone.count))
    let estimates = try codec.estimates(codec.prepare(query), for: codes)
    #expect(values == estimates.map(\.value))
    #expect(errors == estimates.map(\.standardError))
    #expect(try alone == codec.values(codec.prepare(query), for: codes))
  }

  @Test(arguments: [Metric.innerProduct, .cosine, .squaredEuclidean])
  func searches(metric: Metric) throws {
    let (rows, queries) = (Self.vectors(3000), Self.vectors(5, seed: 3))
    let mean = Self.vectors(1, seed: 4).map { $0 / 10 }
    let ids = (0..<3000).map { Int64($0 * 7) }
    var index = try VectorIndex(
      dimension: Self.dimension, bits: 3, metric: metric, mean: mean, originals: .float32, seed: 9)
    try index.add(rows, ids: ids.map { UInt64($0) })

    let handle = try unsafe mean.withUnsafeBufferPointer { mean in
      var options = unsafe tq_index_options()
      unsafe options.struct_size = MemoryLayout<tq_index_options>.size
      unsafe options.dimension = Self.dimension
      unsafe options.bits = 3
      unsafe options.seed = 9
      unsafe options.mean = mean.baseAddress
      unsafe options.mean_count = mean.count
      unsafe options.metric = tq_metric(metric.rawValue)
      unsafe options.originals = tq_originals(TQ_ORIGINALS_FLOAT32)
      return try unsafe Handle(tq_index_free) { unsafe tq_index_create(&options, $0) }
    }
    try unsafe check(
      tq_index_add(
        handle.raw, rows, rows.count, tq_type(TQ_FLOAT32), ids, ids.count, nil, nil, 0))

    var information = tq_index_information()
    information.struct_size = MemoryLayout<tq_index_information>.size
    try unsafe check(tq_index_info(handle.raw, &information))
    #expect(information.count == index.count && information.seed == 9 && information.bits == 3)
    #expect(information.bytes_per_vector == index.bytesPerVector && information.has_mean == 1)
    let fingerprint = unsafe withUnsafeBytes(of: information.fingerprint) { unsafe Array($0) }
    #expect(fingerprint == index.fingerprint.bytes)

    var center = mean.map { _ in Float.nan }
    try unsafe check(tq_index_mean(handle.raw, &center, center.count, &information.count))
    #expect(center == mean && information.count == Self.dimension)

    for (filter, rerank) in [(nil, 0), (Set(ids.prefix(3)), 0), (nil, 20)] as [(Set<Int64>?, Int)] {
      try compareSearch(handle, index, queries, filter, rerank)
    }
    try compareRange(handle, index, queries)
    try compareRows(handle, index, ids: [7, 0, 21])
  }

  private func compareSearch(
    _ handle: Handle, _ index: VectorIndex, _ queries: [Float], _ filter: Set<Int64>?, _ rerank: Int
  ) throws {
    let k = 10
    let found = try index.search(
      queries, count: k,
      options: SearchOptions(
        filter: filter.map { .ids(Set($0.map { UInt64($0) })) }, rerank: rerank == 0 ? nil : rerank,
        hasStandardErrors: true))
    var scores = [Float](repeating: 0, count: 5 * k)
    var (errors, ids) = (scores, [Int64](repeating: 0, count: 5 * k))
    try unsafe Array(filter ?? []).withUnsafeBufferPointer { allowed in
      var options = unsafe tq_search_options()
      unsafe options.struct_size = MemoryLayout<tq_search_options>.size
      unsafe options.rerank = rerank
      unsafe options.threads = 2
      unsafe options.filter_ids = filter == nil ? nil : allowed.baseAddress
      unsafe options.filter_id_count = allowed.count
      try unsafe check(
        tq_index_search(
          handle.raw, queries, queries.count, tq_type(TQ_FLOAT32), k, &options, &scores, &ids,
          &errors, ids.count))
    }
    let none: Float = index.metric == .squaredEuclidean ? .infinity : -.infinity
    for (query, hits) in found.enumerated() {
      #expect(hits.count == (filter?.count ?? k))
      for place in 0..<k {
        let (hit, at) = (place < hits.count ? hits[place] : nil, query * k + place)
        #expect(ids[at] == hit.map { Int64($0.id) } ?? -1)
        #expect(scores[at] == hit?.score ?? none)
        #expect(errors[at] == hit?.standardError ?? 0)
      }
    }
  }

  private func compareRange(_ handle: Handle, _ index: VectorIndex, _ queries: [Float]) throws {
    // The tenth score of the first query: some queries have many hits, others may have none.
    let limit = try index.search(queries, count: 10)[0][9].score
    let found = try index.rangeSearch(
      queries, limit: limit, options: SearchOptions(hasStandardErrors: true))
    let hits = try unsafe Handle(tq_hits_free) {
      unsafe tq_index_range_search(
        handle.raw, queries, queries.count, tq_type(TQ_FLOAT32), limit, nil, 1, $0)
    }
    var information = tq_hits_information()
    information.struct_size = MemoryLayout<tq_hits_information>.size
    try unsafe check(tq_hits_info(hits.raw, &information))
    let count = information.hit_count
    #expect(information.query_count == 5 && count >= 10)
    var (limits, ids) = ([Int](repeating: 0, count: 6), [Int64](repeating: 0, count: count))
    var scores = [Float](repeating: 0, count: count)
    var errors = scores
    try unsafe check(tq_hits_copy(hits.raw, &limits, 6, &scores, &ids, &errors, count))
    #expect(ids == found.joined().map { Int64($0.id) })
    #expect(scores == found.joined().map(\.score))
    #expect(errors == found.joined().map { $0.standardError ?? .nan })
    #expect(limits == found.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) })
  }

  private func compareRows(_ handle: Handle, _ index: VectorIndex, ids: [Int64]) throws {
    var vectors = [Float](repeating: 0, count: ids.count * Self.dimension)
    try unsafe check(
      tq_index_reconstruct(handle.raw, ids, ids.count, &vectors, vectors.count))
    #expect(try vectors == ids.flatMap { try index.reconstruct(UInt64($0)) })
    try unsafe check(tq_index_original(handle.raw, ids, ids.count, &vectors, vectors.count))
    #expect(try vectors == ids.flatMap { try index.original(UInt64($0)) })
    var found: [UInt8] = [9, 9]
    try unsafe check(tq_index_contains(handle.raw, [ids[0], 1], 2, &found, 2))
    #expect(found == [1, 0])
    try unsafe check(tq_index_remove(handle.raw, [ids[0]], 1))
    try unsafe check(tq_index_contains(handle.raw, [ids[0], ids[1]], 2, &found, 2))
    #expect(found == [0, 1])
    var (all, count) = ([Int64](repeating: 0, count: index.count), 0)
    try unsafe check(tq_index_ids(handle.raw, &all, all.count, &count))
    var changed = index
    try changed.remove(UInt64(ids[0]))
    #expect(try all[..<count].map { UInt64($0) } == changed.ids())
  }
}
