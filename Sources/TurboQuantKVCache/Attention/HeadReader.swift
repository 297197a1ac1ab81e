internal import TurboQuant
internal import TurboQuantKernels

/// Attends with a few queries at once over the tokens of one head, page by page.
struct HeadReader: ~Copyable {
  /// Queries that read a page together.
  static let queriesAPass = 8

  private let codec: KVCodec
  private let head: KVCache.Head
  private let headNumber: Int
  private let scale: Float
  private let bias: KeyBias
  private var scratch: PageScratch
  /// Queries times the scale, one after another: scores of plain rows need no other step.
  private var scaled: FloatBuffer

  /// A reader for at most `queries` at once.
  init(_ cache: KVCache, head number: Int, scale: Float, queries: Int) {
    codec = cache.codec
    head = cache.heads[number]
    headNumber = number
    self.scale = scale
    bias = KeyBias(head.keys.centre, codec.turns)
    let shape = codec.configuration.shape
    scratch = PageScratch(
      queries: queries, widest: max(shape.keyDimension, shape.valueDimension))
    scaled = FloatBuffer(count: queries * shape.keyDimension)
  }

  /// Appends the outputs of queries of some heads to `output`, each of which sees its first `visible` tokens.
  mutating func attend(
    _ queries: Span<Float>, queryHeads: [Int], visible: [Int], appendingTo output: inout [Float]
  ) throws(KVCacheError) {
    scaled.set(queries, times: scale)
    let logits = codec.configuration.sinkLogits
    var softmaxes = RunningSoftmaxes(
      valueDimension: codec.configuration.shape.valueDimension, visible: visible,
      reach: codec.configuration.slidingWindow,
      sinkLogits: logits.isEmpty ? [] : queryHeads.map { logits[$0] })
    let most = visible.max() ?? 0
    let sinks = min(most, head.keys.sinkCount)
    let start = head.keys.storedStart
    let end = min(most, start + head.keys.stored.count)
    readHalves(
      head.keys.sinks, head.values.sinks, 0..<sinks, areSinks: true, &softmaxes)
    if start < end { try readStored(queries, start..<end, &softmaxes) }
    if end < most {
      readHalves(
        head.keys.window, head.values.window, end..<most, areSinks: false, &softmaxes)
    }
    for i in 0..<softmaxes.count { output += try self.output(softmaxes, i) }
  }

  /// Rows of float16 that are not in pages: sinks and window.
  private mutating func readHalves(
    _ keys: [UInt16], _ values: [UInt16], _ tokens: Range<Int>, areSinks: Bool,
    _ softmaxes: inout RunningSoftmaxes
  ) {
    let shape = codec.configuration.shape
    for first in stride(from: 0, to: tokens.count, by: Page.rowCount) {
      let rows = min(Page.rowCount, tokens.count - first)
      scoreRows(
        keys.span.extracting(first * shape.keyDimension..<(first + rows) * shape.keyDimension),
        &softmaxes)
      cap(rows, &softmaxes)
      let place = tokens.lowerBound + first
      let matters = softmaxes.weigh(
        codec.kernels, place..<place + rows, areSinks: areSinks, areCodes: false)
      guard matters else { continue }
      addRows(
        values.span.extracting(
          first * shape.valueDimension..<(first + rows) * shape.valueDimension),
        &softmaxes)
    }
  }

  /// Tokens between sinks and window, from the first stored on, page by page.
  private mutating func readStored(
    _ queries: Span<Float>, _ tokens: Range<Int>, _ softmaxes: inout RunningSoftmaxes
  ) throws(KVCacheError) {
    // Pages that no query reaches are not read.
    let skipped = max(0, softmaxes.firstSeen - tokens.lowerBound) / Page.rowCount * Page.rowCount
    guard skipped < tokens.count else { return }
    let (keys, values) = (head.keys.stored, head.values.stored)
    var prepared: [KeyQueries] = []
    if case .codes(_, let keyCodec) = keys {
      do throws(CodecError) {
        prepared = try KeyQueries.all(queries, keyCodec, head.keys.channels, scale: scale)
      } catch {
        throw KVCacheError(error, "query")
      }
    }
    var biases = bias.queries(
      queries, dimension: codec.configuration.shape.keyDimension, scale: scale,
      position: tokens.lowerBound + skipped)
    let areCodes = codec.valueCodec != nil
    for first in stride(from: skipped, to: tokens.count, by: Page.rowCount) {
      let (page, rows) = (first / Page.rowCount, min(Page.rowCount, tokens.count - first))
      let place = tokens.lowerBound + first
      score(keys, page, rows, prepared, &softmaxes)
      for i in biases.indices {
        var all = softmaxes.scores.mutableSpan
        var own = all._mutatingExtracting(i * Page.rowCount..<i * Page.rowCount + rows)
        biases[i].addNext(codec.kernels, to: &own)
      }
      cap(rows, &softmaxes)
      let matters = softmaxes.weigh(
        codec.kernels, place..<place + rows, areSinks: false, areCodes: areCodes)
      if matters { add(values, page, rows, &softmaxes) }
    }
  }

  /// cap · tanh(s/cap).
  private func cap(_ rows: Int, _ softmaxes: inout RunningSoftmaxes) {
    guard let cap = codec.configuration.logitCap else { return }
    for i in 0..<softmaxes.count {
      var all = softmaxes.scores.mutableSpan
      var own = all._mutatingExtracting(i * Page.rowCount..<i * Page.rowCount + rows)
      for r in 0..<rows {
        own[r] = Float(Double(cap) * hyperbolicTangent(Double(own[r]) / Double(cap)))
      }
    }
  }

  /// The output of query `i`.
  private func output(_ softmaxes: borrowing RunningSoftmaxes, _ i: Int) throws(KVCacheError)
    -> [Float]
  {
    let state = softmaxes.states[i]
    guard state.weightSum > 0, state.weightSum.isFinite, state.largest.isFinite else {
      throw KVCacheError(
        .notFinite(head: headNumber, token: 0, coordinate: 0),
        "head \(headNumber): scores leave float32; scale keys or queries down")
    }
    let inverse = 1 / state.weightSum
    let width = codec.configuration.shape.valueDimension
    let plain = softmaxes.plain.span.extracting(i * width..<(i + 1) * width)
    var result = plain.indices.map { Double(plain[$0]) }
    if state.codedWeight > 0, let valueCodec = codec.valueCodec {
      do throws(CodecError) {
        var parts: [[Float]] = []
        for (number, group) in valueCodec.channelGroups.enumerated() {
          let first = i * width + valueCodec.start(number)
          parts.append(
            try group.codec.rotation.applyInverse(
              to: softmaxes.rotated.span.extracting(first..<first + group.codec.dimension)))
        }
        let back = valueCodec.scattered(parts, head.values.channels)
        for k in result.indices { result[k] += Double(back[k]) }
      } catch {
        throw KVCacheError(error, "values")
      }
      let centre = head.values.centre
      for k in centre.indices { result[k] += state.codedWeight * Double(centre[k]) }
    }
    let output = result.map { Float($0 * inverse) }
    guard output.allSatisfy(\.isFinite) else {
      throw KVCacheError(
        .notFinite(head: headNumber, token: 0, coordinate: 0),
        "head \(headNumber): sums of values leave float32; scale values down")
    }
    return output
  }
}

// MARK: Keys

extension HeadReader {
  private mutating func score(
    _ stored: borrowing StoredRows, _ page: Int, _ rows: Int, _ prepared: [KeyQueries],
    _ softmaxes: inout RunningSoftmaxes
  ) {
    let width = codec.configuration.shape.keyDimension
    switch stored {
    case .floats(let pages):
      let keys = pages[page: page]
      scoreRows(keys.span.extracting(0..<rows * width), &softmaxes)
    case .halves(let pages):
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

  /// Scores of rows of floats or halves with every query.
  private func scoreRows<Element: RowElement>(
    _ keys: Span<Element>, _ softmaxes: inout RunningSoftmaxes
  ) {
    let width = codec.configuration.shape.keyDimension
    let queries = scaled.span.extracting(0..<softmaxes.count * width)
    var target = softmaxes.scores.mutableSpan
    codec.kernels.rowProducts(
      keys, width: width, queries: queries, into: &target, stride: Page.rowCount)
  }
}

// MARK: Values

extension HeadReader {
  private mutating func add(
    _ stored: borrowing StoredRows, _ page: Int, _ rows: Int, _ softmaxes: inout RunningSoftmaxes
  ) {
    let width = codec.configuration.shape.valueDimension
    switch stored {
    case .floats(let pages):
      let values = pages[page: page]
      addRows(values.span.extracting(0..<rows * width), &softmaxes)
    case .halves(let pages):
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

  /// Adds rows of floats or halves by their weights.
  private func addRows<Element: RowElement>(
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

extension FloatBuffer {
  /// Its first elements ← `factor` · `values`.
  fileprivate mutating func set(_ values: Span<Float>, times factor: Float) {
    var target = mutableSpan
    for i in values.indices { target[i] = factor * values[i] }
  }
}
