internal import TurboQuant
internal import TurboQuantKernels

/// Attends with a few queries at once over the tokens of one head, page by page.
struct HeadAttention: ~Copyable {
  /// Queries that read a page together.
  static let queriesPerPass = 8

  let codec: KVCodec
  let head: KVCache.Head
  let headNumber: Int
  private let positions: Positions
  private let scale: Float
  var scratch: PageScratch
  /// Queries times the scale, one after another; scores of uncoded rows are products with these.
  var scaled: FloatBuffer

  /// For at most `queries` queries at once.
  init(_ cache: KVCache, head number: Int, scale: Float, queries: Int) {
    codec = cache.codec
    head = cache.heads[number]
    headNumber = number
    positions = cache.positions
    self.scale = scale
    let shape = codec.configuration.shape
    scratch = PageScratch(
      queries: queries, widest: max(shape.keyDimension, shape.valueDimension))
    scaled = FloatBuffer(count: queries * shape.keyDimension)
  }

  /// Appends the outputs of a few queries to `output`; each query sees its first `visible` tokens.
  mutating func attend(
    _ queries: Span<Float>, queryHeads: [Int], visible: [Int], appendingTo output: inout [Float]
  ) throws(KVCacheError) {
    scaled.set(queries, times: scale)
    let logits = codec.configuration.sinkLogits
    var softmaxes = RunningSoftmaxes(
      valueDimension: codec.configuration.shape.valueDimension, visible: visible, positions,
      reach: codec.configuration.slidingWindow,
      sinkLogits: logits.isEmpty ? [] : queryHeads.map { logits[$0] })
    let tokenCount = visible.max() ?? 0
    let sinks = min(tokenCount, head.keys.sinkCount)
    let start = head.keys.storedStart
    let end = min(tokenCount, start + head.keys.stored.count)
    attendToExact(
      head.keys.sinks, head.values.sinks, 0..<sinks, areSinks: true, &softmaxes)
    if start < end { try attendToStored(queries, start..<end, &softmaxes) }
    if end < tokenCount {
      attendToExact(
        head.keys.window, head.values.window, end..<tokenCount, areSinks: false, &softmaxes)
    }
    for i in 0..<softmaxes.count { output += try self.output(softmaxes, i) }
  }

  /// Attends to sinks or window: exact rows that are not in pages.
  private mutating func attendToExact(
    _ keys: ExactRows, _ values: ExactRows, _ tokens: Range<Int>, areSinks: Bool,
    _ softmaxes: inout RunningSoftmaxes
  ) {
    let shape = codec.configuration.shape
    for first in stride(from: 0, to: tokens.count, by: Page.rowCount) {
      let rows = min(Page.rowCount, tokens.count - first)
      let keyNumbers = first * shape.keyDimension..<(first + rows) * shape.keyDimension
      switch keys.format {
      case .float16: scoreRows(keys.halves.span.extracting(keyNumbers), &softmaxes)
      case .float32: scoreRows(keys.floats.span.extracting(keyNumbers), &softmaxes)
      case .bfloat16: scoreRows(keys.widened(keyNumbers, codec.kernels).span, &softmaxes)
      }
      cap(rows, &softmaxes)
      let place = tokens.lowerBound + first
      let matters = softmaxes.weigh(
        codec.kernels, place..<place + rows, areSinks: areSinks, areCodes: false)
      guard matters else { continue }
      let numbers = first * shape.valueDimension..<(first + rows) * shape.valueDimension
      switch values.format {
      case .float16: addRows(values.halves.span.extracting(numbers), &softmaxes)
      case .float32: addRows(values.floats.span.extracting(numbers), &softmaxes)
      case .bfloat16: addRows(values.widened(numbers, codec.kernels).span, &softmaxes)
      }
    }
  }

  /// Attends to tokens between sinks and window, page by page.
  private mutating func attendToStored(
    _ queries: Span<Float>, _ tokens: Range<Int>, _ softmaxes: inout RunningSoftmaxes
  ) throws(KVCacheError) {
    // Skip pages that no query sees.
    let skipped = max(0, softmaxes.firstSeen - tokens.lowerBound) / Page.rowCount * Page.rowCount
    guard skipped < tokens.count else { return }
    let (keys, values) = (head.keys.stored, head.values.stored)
    var prepared: [PreparedQueries] = []
    if case .codes(_, let keyCodec) = keys {
      do throws(CodecError) {
        if let metric = head.keys.metric {
          let equalized = metric.equalized(queries: queries, codec.kernels)
          prepared = try PreparedQueries.all(
            equalized.span, keyCodec, head.keys.channels, scale: scale)
        } else {
          prepared = try PreparedQueries.all(queries, keyCodec, head.keys.channels, scale: scale)
        }
      } catch {
        throw KVCacheError(error, "query")
      }
    }
    var centerScores = CenterScores(
      queries, head.keys.center, codec.rotaryPage, scale: scale,
      position: positions.position(of: tokens.lowerBound + skipped))
    let areCodes = codec.valueCodec != nil
    for first in stride(from: skipped, to: tokens.count, by: Page.rowCount) {
      let (page, rows) = (first / Page.rowCount, min(Page.rowCount, tokens.count - first))
      let place = tokens.lowerBound + first
      score(keys, page, rows, prepared, &softmaxes)
      centerScores.addNext(
        codec.kernels, positions, from: place, rows: rows, to: &softmaxes.scores)
      cap(rows, &softmaxes)
      let matters = softmaxes.weigh(
        codec.kernels, place..<place + rows, areSinks: false, areCodes: areCodes)
      if matters { add(values, page, rows, &softmaxes) }
    }
  }
}

extension FloatBuffer {
  /// Sets its first elements to `factor` · `values`.
  fileprivate mutating func set(_ values: Span<Float>, times factor: Float) {
    var target = mutableSpan
    for i in values.indices { target[i] = factor * values[i] }
  }
}
