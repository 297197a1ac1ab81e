// Decoding: the vectors that a cache stands for.

internal import TurboQuant
internal import TurboQuantKernels

extension KVCache {
  /// The keys and values that one head holds, decoded: tokens × dimension floats each.
  ///
  /// To see what a configuration loses; attention does not need them. Tokens that a sliding window has
  /// forgotten are left out.
  ///
  /// - Throws: ``KVCacheError`` when there is no such head, keys are kept as a sketch, which estimates inner
  ///   products and has no vectors, or scales in a forged snapshot overflow float32.
  /// - Complexity: Two rotations per token.
  public func decoded(head: Int) throws(KVCacheError) -> (keys: [Float], values: [Float]) {
    guard heads.indices.contains(head) else {
      throw KVCacheError(
        .shape, "there is no head \(head), the key/value heads are 0 … \(heads.count - 1)")
    }
    if let keyCodec = codec.keyCodec, keyCodec.hasSigns {
      throw KVCacheError(
        .notOffered,
        "\(keyCodec.channelGroups[0].codec.quantizer.name) keys are estimates of inner products")
    }
    let rotary = codec.configuration.centering.rotary
    let (keys, values): ([Float], [Float])
    do throws(CodecError) {
      keys = try decoded(heads[head].keys, rotary)
      values = try decoded(heads[head].values, nil)
    } catch {
      throw KVCacheError(error, "head \(head)")
    }
    guard codec.kernels.largestMagnitude(keys.span).isFinite,
      codec.kernels.largestMagnitude(values.span).isFinite
    else {
      throw KVCacheError(
        .notFinite(head: head, token: 0, coordinate: 0),
        "head \(head): a stored vector overflows float32; fill the cache anew")
    }
    return (keys, values)
  }

  private func decoded(
    _ vectors: HeadVectors, _ rotary: RotaryEmbedding?
  ) throws(CodecError) -> [Float] {
    var floats = vectors.sinks.widened(0..<vectors.sinks.count, codec.kernels)
    switch vectors.stored {
    case .floats(let pages): for page in 0..<pages.pageCount { floats += pages[page: page] }
    case .float16s(let pages):
      for page in 0..<pages.pageCount { floats += widened(pages[page: page]) }
    case .codes(let groups, let keyOrValueCodec):
      for number in 0..<groups[0].pageCount {
        floats += try decoded(number, groups, keyOrValueCodec, vectors.channels)
      }
      if let metric = vectors.metric {
        var equalized = Array(floats[vectors.sinks.count...])
        metric.restore(keys: &equalized, codec.kernels)
        floats.replaceSubrange(vectors.sinks.count..., with: equalized)
      }
      guard !vectors.center.isEmpty else { break }
      for row in 0..<groups[0].count {
        let (token, place) = (vectors.storedStart + row, vectors.sinkCount + row)
        var embedded = vectors.center
        rotary.map { RotaryTable($0, positions: [positions.position(of: token)]) }?
          .embed(vectors.center, row: 0, into: &embedded)
        for i in 0..<vectors.dimension { floats[place * vectors.dimension + i] += embedded[i] }
      }
    }
    return floats + vectors.window.widened(0..<vectors.window.count, codec.kernels)
  }

  /// The vectors of one page, less the centre.
  private func decoded(
    _ number: Int, _ groups: [CodePages], _ codec: KeyOrValueCodec, _ channels: [UInt16]
  ) throws(CodecError) -> [Float] {
    let rows = min(Page.rowCount, groups[0].count - number * Page.rowCount)
    var vectors: [[Float]] = []
    for (pages, group) in zip(groups, codec.channelGroups) {
      vectors.append(try group.decoded(pages.opened(number, group), rows: rows))
    }
    guard codec.hasOutliers else { return vectors[0] }
    return (0..<rows).flatMap { row in
      let row = zip(vectors, codec.channelGroups).map { vectors, group in
        Array(vectors[row * group.codec.dimension..<(row + 1) * group.codec.dimension])
      }
      return codec.scattered(row, channels)
    }
  }

  private func widened(_ float16s: [UInt16]) -> [Float] {
    var floats = [Float](repeating: 0, count: float16s.count)
    var target = floats.mutableSpan
    codec.kernels.widen(float16s.span, into: &target)
    return floats
  }
}
