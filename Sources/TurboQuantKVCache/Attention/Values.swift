// Values: a page of them is added up by their weights.

internal import TurboQuant
internal import TurboQuantKernels

extension HeadAttention {
  /// Adds the first `rows` values of a page by their weights.
  mutating func add(
    _ stored: borrowing StoredRows, _ page: Int, _ rows: Int, _ softmaxes: inout RunningSoftmaxes
  ) {
    let width = codec.configuration.shape.valueDimension
    switch stored {
    case .floats(let pages):
      let values = pages[page: page]
      addRows(values.span.extracting(0..<rows * width), &softmaxes)
    case .float16s(let pages):
      let values = pages[page: page]
      addRows(values.span.extracting(0..<rows * width), &softmaxes)
    case .codes(let groups, let valueCodec):
      let count = softmaxes.count
      let sealed = min(rows, groups[0].sealed.rowCount(ofPage: page))
      let next = min(page + 1, groups[0].pageCount - 1)
      for number in groups.indices {
        let (pages, start) = (groups[number].sealed, valueCodec.start(number))
        if sealed > 0 {
          valueCodec.channelGroups[number].addRows(
            pages.page(page), rows: sealed, weights: softmaxes.scores, queries: count,
            next: pages.page(next), to: &softmaxes.rotated, width: width, start: start, &scratch)
        }
        if sealed < rows {
          valueCodec.channelGroups[number].addRows(
            groups[number].tail, sealed..<rows, weights: softmaxes.scores, queries: count,
            to: &softmaxes.rotated, width: width, start: start)
        }
      }
    }
  }

  /// Adds uncoded values, float32 or float16, by their weights.
  func addRows<Element: RowElement>(
    _ values: Span<Element>, _ softmaxes: inout RunningSoftmaxes
  ) {
    add(values, softmaxes.scores, to: &softmaxes.plain)
  }

  private func add<Element: RowElement>(
    _ values: Span<Element>, _ weights: borrowing FloatBuffer, to sums: inout FloatBuffer
  ) {
    var target = sums.mutableSpan
    codec.kernels.combineRows(
      values, width: codec.configuration.shape.valueDimension, weights: weights.span,
      stride: Page.rowCount, into: &target)
  }
}

extension ChannelGroupCodec {
  /// `sums[q]` += Σ weight · scale · ŷ_r over the first `rows` rows of a sealed page, in the rotated frame.
  ///
  /// There are ``Page/rowCount`` weights per query, zero beyond the tokens at hand; scales are zero beyond the sealed
  /// rows. There are `width` sums per query, of which this group's begin at `start`.
  func addRows(
    _ page: RawSpan, rows: Int, weights: borrowing FloatBuffer, queries: Int, next: RawSpan,
    to sums: inout FloatBuffer, width: Int, start: Int, _ scratch: inout PageScratch
  ) {
    let layout = sealedLayout
    let scales = page.extracting(
      layout.scaleOffset..<layout.scaleOffset + 4 * Page.rowCount)
    // Weights are rounded to integers once for all parts with the same kind of centroids.
    var (isSplit, isWhole) = (false, false)
    for number in layout.parts.indices {
      let (offset, coordinates) = (layout.parts[number].offset, layout.parts[number].coordinates)
      let first = start + coordinates.lowerBound
      switch layout.parts[number].order {
      case .transposed(let shape):
        guard let centroids = integerCodebooks[number] else { continue }
        let groups = coordinates.count / QuadShape.rowCount
        switch centroids.numbers {
        case .int8(let whole):
          if !isSplit {
            scratch.weights.setPlanes(codec.kernels, weights.span, scales: scales, queries: queries)
          }
          isSplit = true
          multiply(page, at: offset, shape, groups, whole, queries, next: next, &scratch)
        case .int16(let magnitudes):
          if !isWhole {
            scratch.weights.setWords(codec.kernels, weights.span, scales: scales, queries: queries)
          }
          isWhole = true
          multiply(page, at: offset, shape, groups, magnitudes, queries, next: next, &scratch)
        }
        for q in 0..<queries {
          add(q, coordinates.count, scratch, centroids, to: &sums, at: q * width + first)
        }
      case .rows(let stride):
        for q in 0..<queries {
          let rowWeights = weights.span.extracting(q * Page.rowCount..<q * Page.rowCount + rows)
          combine(
            page, layout.parts[number], stride, rowWeights, scales, to: &sums, at: q * width + first
          )
        }
      case .quads: preconditionFailure("values are transposed")
      }
    }
  }

  /// The same for packed rows, which are rows `range` of their page.
  func addRows(
    _ tail: PackedRows, _ range: Range<Int>, weights: borrowing FloatBuffer, queries: Int,
    to sums: inout FloatBuffer, width: Int, start: Int
  ) {
    for part in openLayout.parts {
      for q in 0..<queries {
        let first = q * Page.rowCount
        let rowWeights = weights.span.extracting(
          first + range.lowerBound..<first + range.upperBound)
        combine(
          tail.bytes.span.raw, part, codeByteCount, rowWeights, tail.scales.span.raw, to: &sums,
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

// MARK: Integers

extension ChannelGroupCodec {
  /// The sums of all queries over transposed coordinates, both planes of each query, whose centroids are bytes.
  private func multiply(
    _ page: RawSpan, at offset: Int, _ shape: QuadShape, _ groups: Int, _ centroids: SIMD16<UInt8>,
    _ queries: Int, next: RawSpan, _ scratch: inout PageScratch
  ) {
    let planes = scratch.weights.planes
    var target = scratch.sums.mutableSpan
    codec.kernels.attendInt8(
      page, at: offset, shape, groups: groups, centroids: centroids,
      weights: planes.span.extracting(0..<2 * queries * Page.rowCount), next: next, into: &target,
      stride: groups * QuadShape.rowCount)
  }

  /// The sums of all queries over transposed coordinates whose centroids are words.
  private func multiply(
    _ page: RawSpan, at offset: Int, _ shape: QuadShape, _ groups: Int, _ magnitudes: [UInt16],
    _ queries: Int, next: RawSpan, _ scratch: inout PageScratch
  ) {
    let words = scratch.weights.words
    var target = scratch.sums.mutableSpan
    codec.kernels.attendInt16(
      page, at: offset, shape, groups: groups, magnitudes: magnitudes.span,
      weights: words.span.extracting(0..<queries * Page.rowCount), next: next, into: &target,
      stride: groups * QuadShape.rowCount)
  }

  /// Adds what the sums of query `q` over a transposed part of `count` coordinates mean.
  private func add(
    _ q: Int, _ count: Int, _ scratch: borrowing PageScratch, _ centroids: IntegerCodebook,
    to sums: inout FloatBuffer, at first: Int
  ) {
    var all = sums.mutableSpan
    var target = all._mutatingExtracting(first..<first + count)
    switch centroids.numbers {
    case .int8:
      scratch.weights.addPlanes(
        scratch.sums.span.extracting(2 * q * count..<2 * (q + 1) * count), query: q,
        step: centroids.step, to: &target)
    case .int16:
      scratch.weights.addWords(
        scratch.sums.span.extracting(q * count..<(q + 1) * count), query: q, step: centroids.step,
        to: &target)
    }
  }
}
