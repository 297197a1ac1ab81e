internal import TurboQuant
internal import TurboQuantKernels

/// Memory for what the kernels find on the way.
struct PageScratch: ~Copyable {
  /// Sums and shares of scores, ``Page/rowCount`` a query.
  var sums: FloatBuffer
  var shares: FloatBuffer
  /// Weights as whole numbers, two planes a query.
  var planes: [Int8]
  /// What the planes mean.
  typealias Split = (step: Float, high: Int, low: Int)
  var splits: [Split]

  init(queries: Int, widest: Int) {
    // Turned parts have as many sums as a value has coordinates, twice a query.
    sums = FloatBuffer(count: queries * max(Page.rowCount, 2 * widest))
    shares = FloatBuffer(count: Page.rowCount)
    planes = [Int8](repeating: 0, count: queries * 2 * Page.rowCount)
    splits = [Split](repeating: (0, 0, 0), count: queries)
  }
}

// MARK: Keys

extension RowCodec {
  /// `scores[q * Page.rowCount + r]` ← `scale` · ⟨k_r, q⟩ as the estimator has it, of the first `rows` rows
  /// of a page; `adding`, += that.
  func score(
    _ page: RawSpan, _ layout: PageLayout, rows: Int, _ queries: KeyQueries, scale: Float,
    adding: Bool, next: RawSpan, into scores: inout FloatBuffer, _ scratch: inout PageScratch
  ) {
    for number in layout.parts.indices {
      let (part, isFirst) = (layout.parts[number], number == 0 && !adding)
      var (weight, offset) = (Double(scale), layout.scaleOffset)
      if case .signs = part.content, let sketch = codec.sketch {
        (weight, offset) = (weight * sketch.scale, layout.signScaleOffset)
      }
      let scales = page.extracting(offset..<offset + 4 * Page.rowCount)
      let whole = sum(page, number, part, rows: rows, queries, next: next, &scratch.sums)
      for q in queries.queries.indices {
        let factor = weight * queries.queries[q].norm
        let meaning = whole.isEmpty ? (step: 1, offset: 0) : whole[q]
        let factors = KeyFactors(
          step: Float(meaning.step * factor), offset: Float(meaning.offset * factor), normShare: 0,
          constant: 0)
        add(
          scratch.sums, q, rows, scales, factors, isFirst: isFirst, to: &scores, &scratch.shares)
      }
    }
  }

  /// The sums of all queries over a part; returns what they mean, or nothing where they mean themselves.
  private func sum(
    _ page: RawSpan, _ number: Int, _ part: PageLayout.Part, rows: Int, _ queries: KeyQueries,
    next: RawSpan, _ sums: inout FloatBuffer
  ) -> [(step: Double, offset: Double)] {
    switch part.order {
    case .quads(let shape):
      guard let own = queries.weights[number], let centroids = wholeCentroids[number] else { break }
      var target = sums.mutableSpan
      codec.kernels.quadSums(
        page, at: part.offset, shape, groups: Page.rowCount / QuadShape.rowCount,
        centroids: centroids.whole.span, weights: own.weights.span, next: next, into: &target,
        stride: Page.rowCount)
      return own.meanings
    case .rows(let stride):
      for q in queries.queries.indices {
        sumRows(page, part, stride, rows: rows, queries.queries[q], q, &sums)
      }
    case .turned: preconditionFailure("keys are not turned")
    }
    return []
  }

  /// The sums of query `q` over a part in packed rows.
  private func sumRows(
    _ page: RawSpan, _ part: PageLayout.Part, _ stride: Int, rows: Int, _ query: Query, _ q: Int,
    _ sums: inout FloatBuffer
  ) {
    var all = sums.mutableSpan
    var target = all._mutatingExtracting(q * Page.rowCount..<q * Page.rowCount + rows)
    let coordinates = query.coordinates(part)
    switch part.content {
    case .codes(let codebook):
      codec.kernels.codeProducts(
        codebook.kernel, rows: page, offset: part.offset, stride: stride, query: coordinates,
        0..<coordinates.count, into: &target)
    case .signs:
      codec.kernels.signProducts(
        rows: page, offset: part.offset, stride: stride, query: coordinates, into: &target)
    case .angles(let polar):
      polar.products(
        codec.kernels, page, offset: part.offset, stride: stride,
        radii: codec.layout.radii.lowerBound, query: coordinates, into: &target)
    }
  }

  /// Makes scores of the sums of query `q`, or adds to them.
  private func add(
    _ sums: borrowing FloatBuffer, _ q: Int, _ rows: Int, _ scales: RawSpan,
    _ factors: KeyFactors, isFirst: Bool, to scores: inout FloatBuffer,
    _ shares: inout FloatBuffer
  ) {
    let range = q * Page.rowCount..<q * Page.rowCount + rows
    var all = scores.mutableSpan
    var own = all._mutatingExtracting(range)
    let terms = KeyTerms(sums: sums.span.extracting(range), KeyScalars(norms: scales))
    guard !isFirst else { return codec.kernels.rowKeys(terms, factors, into: &own) }
    var allShares = shares.mutableSpan
    var more = allShares._mutatingExtracting(0..<rows)
    codec.kernels.rowKeys(terms, factors, into: &more)
    for r in 0..<rows { own[r] += more[r] }
  }
}

// MARK: Values

extension RowCodec {
  /// `sums[q]` += Σ weight · scale · ŷ_r over the first `rows` rows of a page, in the rotated frame.
  ///
  /// Weights are ``Page/rowCount`` a query, and zero beyond the rows; sums are `width` a query, of which
  /// this codec's begin at `start`.
  func addRows(
    _ page: RawSpan, _ layout: PageLayout, rows: Int, weights: borrowing FloatBuffer,
    queries: Int, next: RawSpan, to sums: inout FloatBuffer, width: Int, start: Int,
    _ scratch: inout PageScratch
  ) {
    let scales = page.extracting(
      layout.scaleOffset..<layout.scaleOffset + 4 * Page.rowCount)
    var isSplit = false
    for number in layout.parts.indices {
      let part = layout.parts[number]
      guard case .codes(let codebook) = part.content else { continue }
      switch part.order {
      case .turned(let shape):
        guard let centroids = wholeCentroids[number] else { continue }
        if !isSplit {
          split(weights.span, scales: scales, queries: queries, &scratch.planes, &scratch.splits)
          isSplit = true
        }
        multiply(
          page, part, shape, centroids, scratch.planes, queries: queries, next: next,
          into: &scratch.sums)
        for q in 0..<queries {
          add(
            scratch.sums.span, q, scratch.splits[q], centroidStep: centroids.step, part, to: &sums,
            at: q * width + start + part.coordinates.lowerBound)
        }
      case .rows(let stride):
        for q in 0..<queries {
          let own = weights.span.extracting(q * Page.rowCount..<q * Page.rowCount + rows)
          let scaled = [Float](capacity: rows) { output in
            for r in 0..<rows { output.append(own[r] * scales.float32(at: 4 * r)) }
          }
          let first = q * width + start + part.coordinates.lowerBound
          codec.kernels.combineCodes(
            codebook.kernel, rows: page, offset: part.offset, stride: stride,
            weights: scaled.span, into: &sums, first..<first + part.coordinates.count)
        }
      case .quads: preconditionFailure("values are turned")
      }
    }
  }

  private func split(
    _ weights: Span<Float>, scales: RawSpan, queries: Int, _ planes: inout [Int8],
    _ splits: inout [PageScratch.Split]
  ) {
    for q in 0..<queries {
      var all = planes.mutableSpan
      var own = all._mutatingExtracting(2 * q * Page.rowCount..<2 * (q + 1) * Page.rowCount)
      splits[q] = codec.kernels.splitWeights(
        weights.extracting(q * Page.rowCount..<(q + 1) * Page.rowCount), scales: scales,
        into: &own)
    }
  }

  /// Both planes of all queries against a turned part.
  private func multiply(
    _ page: RawSpan, _ part: PageLayout.Part, _ shape: QuadShape, _ centroids: WholeCentroids,
    _ planes: [Int8], queries: Int, next: RawSpan, into sums: inout FloatBuffer
  ) {
    var target = sums.mutableSpan
    codec.kernels.quadSums(
      page, at: part.offset, shape, groups: part.coordinates.count / QuadShape.rowCount,
      centroids: centroids.whole.span,
      weights: planes.span.extracting(0..<2 * queries * Page.rowCount), next: next, into: &target,
      stride: part.coordinates.count)
  }

  /// Adds what the sums of both planes of query `q` over a turned part mean.
  private func add(
    _ planeSums: Span<Float>, _ q: Int, _ split: PageScratch.Split, centroidStep: Double,
    _ part: PageLayout.Part, to sums: inout FloatBuffer, at first: Int
  ) {
    let count = part.coordinates.count
    let step = split.step * Float(centroidStep)
    // Whole centroids stand 64 above what they mean; sums of whole numbers are exact in float32 here.
    let (high, low) = (Float(64 * split.high), Float(64 * split.low))
    let highs = planeSums.extracting(2 * q * count..<(2 * q + 1) * count)
    let lows = planeSums.extracting((2 * q + 1) * count..<(2 * q + 2) * count)
    var all = sums.mutableSpan
    var own = all._mutatingExtracting(first..<first + count)
    for i in 0..<count { own[i] += step * (128 * (highs[i] - high) + (lows[i] - low)) }
  }
}
