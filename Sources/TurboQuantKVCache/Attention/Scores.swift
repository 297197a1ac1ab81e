// Scores: the products of a page of keys with the queries.

internal import TurboQuant
internal import TurboQuantKernels

extension HeadAttention {
  /// Scores of the first `rows` rows of a page with every query.
  mutating func score(
    _ stored: borrowing StoredRows, _ page: Int, _ rows: Int, _ prepared: [PreparedQueries],
    _ softmaxes: inout RunningSoftmaxes
  ) {
    let width = codec.configuration.shape.keyDimension
    switch stored {
    case .floats(let pages):
      let keys = pages[page: page]
      scoreRows(keys.span.extracting(0..<rows * width), &softmaxes)
    case .float16s(let pages):
      let keys = pages[page: page]
      scoreRows(keys.span.extracting(0..<rows * width), &softmaxes)
    case .codes(let groups, let keyCodec):
      let sealed = min(rows, groups[0].sealed.rowCount(ofPage: page))
      let next = min(page + 1, groups[0].pageCount - 1)
      for number in groups.indices {
        let pages = groups[number].sealed
        if sealed > 0 {
          keyCodec.channelGroups[number].score(
            pages.page(page), rows: sealed, prepared[number], adding: number > 0,
            next: pages.page(next), into: &softmaxes.scores, &scratch)
        }
        if sealed < rows {
          keyCodec.channelGroups[number].score(
            groups[number].tail, sealed..<rows, prepared[number], adding: number > 0,
            into: &softmaxes.scores, &scratch)
        }
      }
    }
  }

  /// Scores of uncoded rows, float32 or float16, with every query.
  func scoreRows<Element: RowElement>(
    _ keys: Span<Element>, _ softmaxes: inout RunningSoftmaxes
  ) {
    let width = codec.configuration.shape.keyDimension
    let queries = scaled.span.extracting(0..<softmaxes.count * width)
    var target = softmaxes.scores.mutableSpan
    codec.kernels.rowProducts(
      keys, width: width, queries: queries, into: &target, stride: Page.rowCount)
  }
}

extension ChannelGroupCodec {
  /// `scores[q * Page.rowCount + r]` ← scale · ⟨k_r, q⟩, estimated, for the first `rows` rows of a sealed page; `+=`
  /// if `adding`.
  func score(
    _ page: RawSpan, rows: Int, _ queries: PreparedQueries, adding: Bool, next: RawSpan,
    into scores: inout FloatBuffer, _ scratch: inout PageScratch
  ) {
    for number in sealedLayout.parts.indices {
      sum(page, number, rows: rows, queries, next: next, &scratch.sums)
      let offset = sealedLayout.scaleOffset(ofPart: number)
      let scales = page.extracting(offset..<offset + 4 * Page.rowCount)
      for q in 0..<queries.count {
        add(
          scratch.sums, q, 0..<rows, scales,
          queries.factors(ofPart: number, query: q, isSealed: true),
          isFirst: number == 0 && !adding, to: &scores, &scratch.partScores)
      }
    }
  }

  /// The same for packed rows, which are rows `range` of their page.
  func score(
    _ tail: PackedRows, _ range: Range<Int>, _ queries: PreparedQueries, adding: Bool,
    into scores: inout FloatBuffer, _ scratch: inout PageScratch
  ) {
    for number in openLayout.parts.indices {
      let part = openLayout.parts[number]
      let isSigns = if case .signs = part.content { true } else { false }
      let scales = isSigns ? tail.signScales : tail.scales
      let rows = tail.bytes.span.raw
      sumRows(
        rows, part, codeByteCount, range, queries, next: rows, &scratch.sums)
      for q in 0..<queries.count {
        add(
          scratch.sums, q, range, scales.span.raw,
          queries.factors(ofPart: number, query: q, isSealed: false),
          isFirst: number == 0 && !adding, to: &scores, &scratch.partScores)
      }
    }
  }

  /// The sums of all queries over a part of a sealed page.
  private func sum(
    _ page: RawSpan, _ number: Int, rows: Int, _ queries: PreparedQueries, next: RawSpan,
    _ sums: inout FloatBuffer
  ) {
    switch sealedLayout.parts[number].order {
    case .quads(let shape):
      guard let centroids = integerCodebooks[number] else { break }
      let offset = sealedLayout.parts[number].offset
      let weightRange = queries.weightRange(ofPart: number)
      let groups = (rows + QuadShape.rowCount - 1) / QuadShape.rowCount
      var target = sums.mutableSpan
      switch centroids.numbers {
      case .int8(let whole):
        let weights = queries.weights
        codec.kernels.attendInt8(
          page, at: offset, shape, groups: groups, centroids: whole,
          weights: weights.span.extracting(weightRange), next: next, into: &target,
          stride: Page.rowCount)
      case .int16(let magnitudes):
        let weights = queries.wideWeights
        codec.kernels.attendInt16(
          page, at: offset, shape, groups: groups, magnitudes: magnitudes.span,
          weights: weights.span.extracting(weightRange), next: next, into: &target,
          stride: Page.rowCount)
      }
    case .rows(let stride):
      sumRows(
        page, sealedLayout.parts[number], stride, 0..<rows, queries, next: next, &sums)
    case .transposed: preconditionFailure("keys are not transposed")
    }
  }

  /// The sums of all queries over a part in packed rows, rows `range` of their page.
  private func sumRows(
    _ rows: RawSpan, _ part: PageLayout.Part, _ stride: Int, _ range: Range<Int>,
    _ queries: PreparedQueries, next: RawSpan, _ sums: inout FloatBuffer
  ) {
    if let angles = queries.angles {
      var all = sums.mutableSpan
      var target = all._mutatingExtracting(range.lowerBound..<all.count)
      return angles.products(
        codec.kernels, rows, at: part.offset, stride: stride, rowCount: range.count, next: next,
        into: &target)
    }
    for q in 0..<queries.count {
      let first = q * Page.rowCount
      var all = sums.mutableSpan
      var target = all._mutatingExtracting(first + range.lowerBound..<first + range.upperBound)
      let query = queries.queries[q]
      let coordinates = query.coordinates(part)
      switch part.content {
      case .codes(let codebook):
        codec.kernels.codeProducts(
          codebook.kernel, rows: rows, offset: part.offset, stride: stride, query: coordinates,
          0..<coordinates.count, into: &target)
      case .signs:
        codec.kernels.signProducts(
          rows: rows, offset: part.offset, stride: stride, query: coordinates, into: &target)
      case .angles: preconditionFailure("angles are read for all queries at once")
      }
    }
  }

  /// Makes scores of the sums of query `q` over rows `range` of a page, or adds to them.
  private func add(
    _ sums: borrowing FloatBuffer, _ q: Int, _ range: Range<Int>, _ scales: RawSpan,
    _ factors: SimilarityFactors, isFirst: Bool, to scores: inout FloatBuffer,
    _ partScores: inout FloatBuffer
  ) {
    let first = q * Page.rowCount
    let places = first + range.lowerBound..<first + range.upperBound
    var all = scores.mutableSpan
    var target = all._mutatingExtracting(places)
    let terms = SimilarityTerms(
      sums: sums.span.extracting(places), SimilarityScalars(norms: scales))
    guard !isFirst else { return codec.kernels.similarities(terms, factors, into: &target) }
    var allPartScores = partScores.mutableSpan
    var added = allPartScores._mutatingExtracting(0..<range.count)
    codec.kernels.similarities(terms, factors, into: &added)
    for r in 0..<range.count { target[r] += added[r] }
  }
}
