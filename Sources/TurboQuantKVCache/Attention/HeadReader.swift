internal import TurboQuant
internal import TurboQuantKernels

/// Attends with one query after another over the tokens of one head.
struct HeadReader: ~Copyable {
  private let codec: KVCodec
  private let head: KVCache.Head
  private let headNumber: Int
  private let scale: Float
  private let bias: KeyBias
  private var query: FloatBuffer
  private var scores = FloatBuffer(count: Page.rowCount)
  private var products = FloatBuffer(count: Page.rowCount)
  private var sum: FloatBuffer
  private var wide: [Float]

  init(_ cache: KVCache, head number: Int, scale: Float) {
    codec = cache.codec
    head = cache.heads[number]
    headNumber = number
    self.scale = scale
    bias = KeyBias(head.keys.centre, codec.configuration.centring)
    let shape = codec.configuration.shape
    query = FloatBuffer(count: shape.keyDimension)
    sum = FloatBuffer(count: shape.valueDimension)
    wide = [Float](
      repeating: 0, count: Page.rowCount * max(shape.keyDimension, shape.valueDimension))
  }

  /// The output for one query, which sees the first `visible` tokens.
  mutating func attend(
    _ q: Span<Float>, queryHead: Int, visible: Int
  ) throws(KVCacheError) -> [Float] {
    var target = query.mutableSpan
    for i in q.indices { target[i] = q[i] }
    let logits = codec.configuration.sinkLogits
    var softmax = RunningSoftmax(
      valueDimension: codec.configuration.shape.valueDimension,
      sinkLogit: logits.isEmpty ? nil : logits[queryHead])
    let sinks = min(visible, head.keys.sinkCount)
    let stored = min(visible - sinks, head.keys.stored.count)
    readHalves(head.keys.sinks, head.values.sinks, count: sinks, &softmax)
    try readStored(q, count: stored, &softmax)
    readHalves(
      head.keys.window, head.values.window, count: visible - sinks - stored, &softmax)
    return try output(softmax)
  }

  /// Rows of float16 that are not in pages: sinks and window.
  private mutating func readHalves(
    _ keys: [UInt16], _ values: [UInt16], count: Int, _ softmax: inout RunningSoftmax
  ) {
    let shape = codec.configuration.shape
    for first in stride(from: 0, to: count, by: Page.rowCount) {
      let rows = min(Page.rowCount, count - first)
      scoreHalves(
        keys.span.extracting(first * shape.keyDimension..<(first + rows) * shape.keyDimension))
      cap(rows)
      guard softmax.weigh(codec.kernels, &scores, count: rows, areCodes: false) else { continue }
      addHalves(
        values.span.extracting(
          first * shape.valueDimension..<(first + rows) * shape.valueDimension),
        &softmax)
    }
  }

  /// The first `count` rows between sinks and window, page by page.
  private mutating func readStored(
    _ q: Span<Float>, count: Int, _ softmax: inout RunningSoftmax
  ) throws(KVCacheError) {
    guard count > 0 else { return }
    var prepared: Query?
    if let keyCodec = codec.keyCodec {
      do throws(CodecError) {
        prepared = try keyCodec.codec.prepare(q)
      } catch {
        throw KVCacheError(error, "query")
      }
    }
    var turning: TurningQuery?
    var shift: Float = 0
    switch bias {
    case .none: break
    case .fixed(let centre):
      for i in q.indices { shift += q[i] * centre[i] }
    case .turned(let table, let rotary):
      turning = TurningQuery(q, table: table, rotary, position: head.keys.sinkCount)
    }
    for first in stride(from: 0, to: count, by: Page.rowCount) {
      let (page, rows) = (first / Page.rowCount, min(Page.rowCount, count - first))
      score(page: page, rows, prepared)
      if shift != 0 { addToScores(shift * scale, rows) }
      turning?.addNext(codec.kernels, scale: scale, to: &scores, &products)
      cap(rows)
      let areCodes = codec.valueCodec != nil
      guard softmax.weigh(codec.kernels, &scores, count: rows, areCodes: areCodes) else { continue }
      add(page: page, rows, &softmax)
    }
  }

  private mutating func addToScores(_ value: Float, _ rows: Int) {
    var target = scores.mutableSpan
    for r in 0..<rows { target[r] += value }
  }

  /// cap · tanh(s/cap), tanh x = sign(x) · (1 − e)/(1 + e) with e = exp(−2|x|).
  private mutating func cap(_ rows: Int) {
    guard let cap = codec.configuration.logitCap else { return }
    var target = scores.mutableSpan
    for r in 0..<rows {
      let e = exponential(-2 * abs(target[r] / cap))
      let capped = cap * (1 - e) / (1 + e)
      target[r] = target[r] < 0 ? -capped : capped
    }
  }

  private mutating func output(_ softmax: consuming RunningSoftmax) throws(KVCacheError) -> [Float]
  {
    guard softmax.weightSum > 0, softmax.weightSum.isFinite, softmax.largest.isFinite else {
      throw KVCacheError(
        .notFinite(head: headNumber, token: 0, coordinate: 0),
        "head \(headNumber): scores leave float32; scale keys or queries down")
    }
    let inverse = 1 / softmax.weightSum
    var result = softmax.plain.span.indices.map { Double(softmax.plain.span[$0]) }
    if softmax.codedWeight > 0, let valueCodec = codec.valueCodec {
      do throws(CodecError) {
        let back = try valueCodec.codec.rotation.applyInverse(to: softmax.rotated.span)
        for i in result.indices { result[i] += Double(back[i]) }
      } catch {
        throw KVCacheError(error, "values")
      }
      let centre = head.values.centre
      for i in centre.indices { result[i] += softmax.codedWeight * Double(centre[i]) }
    }
    return result.map { Float($0 * inverse) }
  }
}

extension HeadReader {
  // MARK: Keys

  private mutating func score(page: Int, _ rows: Int, _ prepared: Query?) {
    let width = codec.configuration.shape.keyDimension
    switch head.keys.stored {
    case .floats(let pages):
      let keys = pages[page: page]
      scoreFloats(keys.span.extracting(0..<rows * width))
    case .halves(let pages):
      let keys = pages[page: page]
      scoreHalves(keys.span.extracting(0..<rows * width))
    case .codes(let pages):
      guard let keyCodec = codec.keyCodec, let prepared else { return }
      let keys = pages[page: page]
      keyCodec.score(keys.span.raw, count: rows, prepared, scale: scale, into: &scores)
    }
  }

  private mutating func scoreHalves(_ keys: Span<UInt16>) {
    let width = query.count
    HeadReader.widened(codec.kernels, keys, &wide) { kernels, floats in
      kernels.multiplyTransposed(columns: floats, rowCount: width, query, into: &scores)
    }
    scaleScores(keys.count / width)
  }

  /// Lends `halves` as floats.
  private static func widened(
    _ kernels: Kernels, _ halves: Span<UInt16>, _ wide: inout [Float],
    _ body: (Kernels, Span<Float>) -> Void
  ) {
    var target = wide.mutableSpan
    kernels.widen(halves, into: &target)
    body(kernels, wide.span.extracting(0..<halves.count))
  }

  private mutating func scoreFloats(_ keys: Span<Float>) {
    let (kernels, width) = (codec.kernels, query.count)
    kernels.multiplyTransposed(columns: keys, rowCount: width, query, into: &scores)
    scaleScores(keys.count / width)
  }

  private mutating func scaleScores(_ rows: Int) {
    let scale = scale
    var target = scores.mutableSpan
    for r in 0..<rows { target[r] *= scale }
  }

  // MARK: Values

  private mutating func add(page: Int, _ rows: Int, _ softmax: inout RunningSoftmax) {
    let width = codec.configuration.shape.valueDimension
    switch head.values.stored {
    case .floats(let pages):
      let values = pages[page: page]
      addFloats(values.span.extracting(0..<rows * width), &softmax)
    case .halves(let pages):
      let values = pages[page: page]
      addHalves(values.span.extracting(0..<rows * width), &softmax)
    case .codes(let pages):
      guard let valueCodec = codec.valueCodec else { return }
      let values = pages[page: page]
      valueCodec.addRows(
        values.span.raw, weights: scores.span.extracting(0..<rows), to: &softmax.rotated)
    }
  }

  private mutating func addHalves(_ values: Span<UInt16>, _ softmax: inout RunningSoftmax) {
    let width = sum.count
    HeadReader.widened(codec.kernels, values, &wide) { kernels, floats in
      kernels.multiply(columns: floats, rowCount: width, scores, into: &sum)
    }
    addSum(to: &softmax)
  }

  private mutating func addFloats(_ values: Span<Float>, _ softmax: inout RunningSoftmax) {
    let (kernels, width) = (codec.kernels, sum.count)
    kernels.multiply(columns: values, rowCount: width, scores, into: &sum)
    addSum(to: &softmax)
  }

  private borrowing func addSum(to softmax: inout RunningSoftmax) {
    var target = softmax.plain.mutableSpan
    let source = sum.span
    for i in source.indices { target[i] += source[i] }
  }
}
