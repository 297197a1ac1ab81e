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
  /// Weights as whole numbers of one plane, and what one of them stands for.
  var wholes: [Int16]
  var steps: [Float]

  init(queries: Int, widest: Int) {
    // Turned parts have as many sums as a value has coordinates, twice a query.
    sums = FloatBuffer(count: queries * max(Page.rowCount, 2 * widest))
    shares = FloatBuffer(count: Page.rowCount)
    planes = [Int8](repeating: 0, count: queries * 2 * Page.rowCount)
    splits = [Split](repeating: (0, 0, 0), count: queries)
    wholes = [Int16](repeating: 0, count: queries * Page.rowCount)
    steps = [Float](repeating: 0, count: queries)
  }
}

// MARK: Keys

extension ChannelGroupCodec {
  /// `scores[q * Page.rowCount + r]` ← scale · ⟨k_r, q⟩ as the estimator has it, of the first `rows` rows of a sealed
  /// page; `adding`, += that.
  func score(
    _ page: RawSpan, rows: Int, _ queries: KeyQueries, adding: Bool, next: RawSpan,
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
          isFirst: number == 0 && !adding, to: &scores, &scratch.shares)
      }
    }
  }

  /// The same of packed rows, which are rows `range` of their page.
  func score(
    _ tail: PackedRows, _ range: Range<Int>, _ queries: KeyQueries, adding: Bool,
    into scores: inout FloatBuffer, _ scratch: inout PageScratch
  ) {
    for number in openLayout.parts.indices {
      let part = openLayout.parts[number]
      let isSigns = if case .signs = part.content { true } else { false }
      let scales = isSigns ? tail.signScales : tail.scales
      for q in 0..<queries.count {
        sumRows(
          tail.bytes.span.raw, part, codeByteCount, range, queries.queries[q], q, &scratch.sums)
        add(
          scratch.sums, q, range, scales.span.raw,
          queries.factors(ofPart: number, query: q, isSealed: false),
          isFirst: number == 0 && !adding, to: &scores, &scratch.shares)
      }
    }
  }

  /// The sums of all queries over a part of a sealed page.
  private func sum(
    _ page: RawSpan, _ number: Int, rows: Int, _ queries: KeyQueries, next: RawSpan,
    _ sums: inout FloatBuffer
  ) {
    switch sealedLayout.parts[number].order {
    case .quads(let shape):
      guard let centroids = wholeCentroids[number] else { break }
      let (offset, own) = (sealedLayout.parts[number].offset, queries.weightRange(ofPart: number))
      let groups = (rows + QuadShape.rowCount - 1) / QuadShape.rowCount
      var target = sums.mutableSpan
      switch centroids.numbers {
      case .bytes(let whole):
        let weights = queries.weights
        codec.kernels.quadSums(
          page, at: offset, shape, groups: groups, centroids: whole,
          weights: weights.span.extracting(own), next: next, into: &target, stride: Page.rowCount)
      case .magnitudes(let magnitudes):
        let weights = queries.wideWeights
        codec.kernels.wideQuadSums(
          page, at: offset, shape, groups: groups, magnitudes: magnitudes.span,
          weights: weights.span.extracting(own), next: next, into: &target, stride: Page.rowCount)
      }
    case .rows(let stride):
      for q in 0..<queries.count {
        sumRows(
          page, sealedLayout.parts[number], stride, 0..<rows, queries.queries[q], q, &sums)
      }
    case .turned: preconditionFailure("keys are not turned")
    }
  }

  /// The sums of query `q` over a part in packed rows, rows `range` of their page.
  private func sumRows(
    _ rows: RawSpan, _ part: PageLayout.Part, _ stride: Int, _ range: Range<Int>, _ query: Query,
    _ q: Int, _ sums: inout FloatBuffer
  ) {
    let first = q * Page.rowCount
    var all = sums.mutableSpan
    var target = all._mutatingExtracting(first + range.lowerBound..<first + range.upperBound)
    let coordinates = query.coordinates(part)
    switch part.content {
    case .codes(let codebook):
      codec.kernels.codeProducts(
        codebook.kernel, rows: rows, offset: part.offset, stride: stride, query: coordinates,
        0..<coordinates.count, into: &target)
    case .signs:
      codec.kernels.signProducts(
        rows: rows, offset: part.offset, stride: stride, query: coordinates, into: &target)
    case .angles(let polar):
      polar.products(
        codec.kernels, rows, offset: part.offset, stride: stride,
        radii: codec.layout.radii.lowerBound, query: coordinates, into: &target)
    }
  }

  /// Makes scores of the sums of query `q` over rows `range` of a page, or adds to them.
  private func add(
    _ sums: borrowing FloatBuffer, _ q: Int, _ range: Range<Int>, _ scales: RawSpan,
    _ factors: KeyFactors, isFirst: Bool, to scores: inout FloatBuffer,
    _ shares: inout FloatBuffer
  ) {
    let first = q * Page.rowCount
    let places = first + range.lowerBound..<first + range.upperBound
    var all = scores.mutableSpan
    var own = all._mutatingExtracting(places)
    let terms = KeyTerms(sums: sums.span.extracting(places), KeyScalars(norms: scales))
    guard !isFirst else { return codec.kernels.rowKeys(terms, factors, into: &own) }
    var allShares = shares.mutableSpan
    var more = allShares._mutatingExtracting(0..<range.count)
    codec.kernels.rowKeys(terms, factors, into: &more)
    for r in 0..<range.count { own[r] += more[r] }
  }
}

// MARK: Values

extension ChannelGroupCodec {
  /// `sums[q]` += Σ weight · scale · ŷ_r over the first `rows` rows of a sealed page, in the rotated frame.
  ///
  /// Weights are ``Page/rowCount`` a query, zero beyond the tokens at hand; scales are zero beyond the rows that are
  /// sealed. Sums are `width` a query, of which this codec's begin at `start`.
  func addRows(
    _ page: RawSpan, rows: Int, weights: borrowing FloatBuffer, queries: Int, next: RawSpan,
    to sums: inout FloatBuffer, width: Int, start: Int, _ scratch: inout PageScratch
  ) {
    let layout = sealedLayout
    let scales = page.extracting(
      layout.scaleOffset..<layout.scaleOffset + 4 * Page.rowCount)
    // Weights become whole numbers once for all parts whose centroids are alike.
    var (isSplit, isWhole) = (false, false)
    for number in layout.parts.indices {
      let (offset, coordinates) = (layout.parts[number].offset, layout.parts[number].coordinates)
      let first = start + coordinates.lowerBound
      switch layout.parts[number].order {
      case .turned(let shape):
        guard let centroids = wholeCentroids[number] else { continue }
        let groups = coordinates.count / QuadShape.rowCount
        switch centroids.numbers {
        case .bytes(let whole):
          if !isSplit { split(weights.span, scales, queries, &scratch) }
          isSplit = true
          multiply(page, at: offset, shape, groups, whole, queries, next: next, &scratch)
        case .magnitudes(let magnitudes):
          if !isWhole { round(weights.span, scales, queries, &scratch) }
          isWhole = true
          multiply(page, at: offset, shape, groups, magnitudes, queries, next: next, &scratch)
        }
        for q in 0..<queries {
          add(q, coordinates.count, scratch, centroids, to: &sums, at: q * width + first)
        }
      case .rows(let stride):
        for q in 0..<queries {
          let own = weights.span.extracting(q * Page.rowCount..<q * Page.rowCount + rows)
          combine(page, layout.parts[number], stride, own, scales, to: &sums, at: q * width + first)
        }
      case .quads: preconditionFailure("values are turned")
      }
    }
  }

  /// The same of packed rows, which are rows `range` of their page.
  func addRows(
    _ tail: PackedRows, _ range: Range<Int>, weights: borrowing FloatBuffer, queries: Int,
    to sums: inout FloatBuffer, width: Int, start: Int
  ) {
    for part in openLayout.parts {
      for q in 0..<queries {
        let first = q * Page.rowCount
        let own = weights.span.extracting(first + range.lowerBound..<first + range.upperBound)
        combine(
          tail.bytes.span.raw, part, codeByteCount, own, tail.scales.span.raw, to: &sums,
          at: q * width + start + part.coordinates.lowerBound)
      }
    }
  }

  /// Adds as many packed rows of a part as there are weights.
  private func combine(
    _ rows: RawSpan, _ part: PageLayout.Part, _ stride: Int, _ weights: Span<Float>,
    _ scales: RawSpan, to sums: inout FloatBuffer, at first: Int
  ) {
    guard case .codes(let codebook) = part.content else { return }
    let scaled = [Float](capacity: weights.count) { output in
      for r in weights.indices { output.append(weights[r] * scales.float32(at: 4 * r)) }
    }
    codec.kernels.combineCodes(
      codebook.kernel, rows: rows, offset: part.offset, stride: stride, weights: scaled.span,
      into: &sums, first..<first + part.coordinates.count)
  }
}

extension ChannelGroupCodec {
  /// Adds what the sums of query `q` over a turned part of `count` coordinates mean.
  private func add(
    _ q: Int, _ count: Int, _ scratch: borrowing PageScratch, _ centroids: WholeCentroids,
    to sums: inout FloatBuffer, at first: Int
  ) {
    switch centroids.numbers {
    case .bytes: addPlanes(q, count, scratch, step: centroids.step, to: &sums, at: first)
    case .magnitudes: addWholes(q, count, scratch, step: centroids.step, to: &sums, at: first)
    }
  }
}

// MARK: Values whose centroids are bytes

extension ChannelGroupCodec {
  private func split(
    _ weights: Span<Float>, _ scales: RawSpan, _ queries: Int, _ scratch: inout PageScratch
  ) {
    for q in 0..<queries {
      var all = scratch.planes.mutableSpan
      var own = all._mutatingExtracting(2 * q * Page.rowCount..<2 * (q + 1) * Page.rowCount)
      scratch.splits[q] = codec.kernels.splitWeights(
        weights.extracting(q * Page.rowCount..<(q + 1) * Page.rowCount), scales: scales,
        into: &own)
    }
  }

  /// Both planes of all queries against turned coordinates.
  private func multiply(
    _ page: RawSpan, at offset: Int, _ shape: QuadShape, _ groups: Int, _ centroids: SIMD16<UInt8>,
    _ queries: Int, next: RawSpan, _ scratch: inout PageScratch
  ) {
    let planes = scratch.planes
    var target = scratch.sums.mutableSpan
    codec.kernels.quadSums(
      page, at: offset, shape, groups: groups, centroids: centroids,
      weights: planes.span.extracting(0..<2 * queries * Page.rowCount), next: next, into: &target,
      stride: groups * QuadShape.rowCount)
  }

  /// Adds what the sums of both planes of query `q` over a turned part of `count` coordinates mean.
  private func addPlanes(
    _ q: Int, _ count: Int, _ scratch: borrowing PageScratch, step: Double,
    to sums: inout FloatBuffer, at first: Int
  ) {
    let split = scratch.splits[q]
    let step = split.step * Float(step)
    // Whole centroids stand 64 above what they mean; sums of whole numbers are exact in float32 here.
    let (high, low) = (Float(64 * split.high), Float(64 * split.low))
    let highs = scratch.sums.span.extracting(2 * q * count..<(2 * q + 1) * count)
    let lows = scratch.sums.span.extracting((2 * q + 1) * count..<(2 * q + 2) * count)
    var all = sums.mutableSpan
    var own = all._mutatingExtracting(first..<first + count)
    for i in 0..<count { own[i] += step * (128 * (highs[i] - high) + (lows[i] - low)) }
  }
}

// MARK: Values whose centroids are words

extension ChannelGroupCodec {
  private func round(
    _ weights: Span<Float>, _ scales: RawSpan, _ queries: Int, _ scratch: inout PageScratch
  ) {
    for q in 0..<queries {
      let range = q * Page.rowCount..<(q + 1) * Page.rowCount
      var all = scratch.wholes.mutableSpan
      var own = all._mutatingExtracting(range)
      scratch.steps[q] = codec.kernels.wholeWeights(
        weights.extracting(range), scales: scales, into: &own)
    }
  }

  private func multiply(
    _ page: RawSpan, at offset: Int, _ shape: QuadShape, _ groups: Int, _ magnitudes: [UInt16],
    _ queries: Int, next: RawSpan, _ scratch: inout PageScratch
  ) {
    let wholes = scratch.wholes
    var target = scratch.sums.mutableSpan
    codec.kernels.wideQuadSums(
      page, at: offset, shape, groups: groups, magnitudes: magnitudes.span,
      weights: wholes.span.extracting(0..<queries * Page.rowCount), next: next, into: &target,
      stride: groups * QuadShape.rowCount)
  }

  private func addWholes(
    _ q: Int, _ count: Int, _ scratch: borrowing PageScratch, step: Double,
    to sums: inout FloatBuffer, at first: Int
  ) {
    let step = scratch.steps[q] * Float(step)
    let products = scratch.sums.span.extracting(q * count..<(q + 1) * count)
    var all = sums.mutableSpan
    var own = all._mutatingExtracting(first..<first + count)
    for i in 0..<count { own[i] += step * products[i] }
  }
}
