internal import TurboQuant
internal import TurboQuantKernels

/// The keys, or the values, of one head: sinks, stored rows, window, in the order of their tokens.
struct HeadVectors: Sendable {
  let dimension: Int
  /// Float16 rows of the first tokens.
  var sinks: [UInt16] = []
  /// Rows of the tokens between sinks and window.
  var stored: StoredRows
  /// How many tokens after the sinks a sliding window has forgotten.
  var forgotten = 0
  /// Float16 rows of the latest tokens, the oldest first.
  var window: [UInt16] = []
  /// What is subtracted before vectors become codes; empty for nothing, or not yet.
  var centre: [Float] = []
  /// The channels in the order of the codec's parts; empty where they are not told apart, or not yet.
  var channels: [UInt16] = []

  init(dimension: Int, precision: KVPrecision, _ codec: KeyOrValueCodec?) {
    self.dimension = dimension
    switch precision {
    case .float32: stored = .floats(Pages(width: dimension))
    case .float16: stored = .halves(Pages(width: dimension))
    case .codes, .outliers, .sketches:
      guard let codec else { preconditionFailure("codes without a codec") }
      stored = .codes(codec.channelGroups.map { _ in CodePages() }, codec)
    }
  }

  var sinkCount: Int { sinks.count / dimension }
  var windowCount: Int { window.count / dimension }
  /// The token of the first stored row.
  var storedStart: Int { sinkCount + forgotten }

  /// What appending `vectors` after `count` tokens comes to.
  func additions(
    of vectors: Span<Float>, after count: Int, _ writer: RowWriter
  ) throws(CodecError) -> Additions {
    var additions = Additions()
    guard writer.rounds else {
      additions.stored = try writer.rows(of: vectors, centre: centre, channels)
      return additions
    }
    // Every token passes through float16, so that it does not matter how many come in one call.
    let halves = writer.kernels.halves(of: vectors)
    let toSinks = max(0, min(vectors.count, (writer.sinks - count) * dimension))
    additions.sinks = halves[..<toSinks]
    additions.window = halves[toSinks...]
    let queue = window + additions.window
    additions.leaving = max(0, queue.count - writer.window * dimension)
    var floats = [Float](repeating: 0, count: additions.leaving)
    var target = floats.mutableSpan
    writer.kernels.widen(queue.span.extracting(0..<additions.leaving), into: &target)
    additions.stored = try writer.rows(of: floats.span, centre: centre, channels)
    return additions
  }

  /// Takes in what ``additions(of:after:_:)`` came to.
  mutating func append(_ additions: Additions) {
    sinks += additions.sinks
    window += additions.window
    window.removeFirst(additions.leaving)
    stored.append(additions.stored)
  }

  /// Drops all tokens from `count` on; what became a code stays one.
  mutating func truncate(to count: Int) {
    let (sinkCount, storedStart) = (sinkCount, storedStart)
    let windowStart = storedStart + stored.count
    window.removeLast(
      window.count - max(0, min(windowCount, count - windowStart)) * dimension)
    if count < windowStart { stored.truncate(to: max(0, count - storedStart)) }
    if count <= sinkCount {
      sinks.removeLast((sinkCount - count) * dimension)
      forgotten = 0
    }
    if count == 0 { (centre, channels) = ([], []) }
  }
}

/// What an append adds to the keys, or to the values, of a head.
struct Additions: Sendable {
  var sinks: ArraySlice<UInt16> = []
  /// Float16 rows for the window, of which, or of what is there, the first `leaving` numbers become codes.
  var window: ArraySlice<UInt16> = []
  var leaving = 0
  var stored = RowBatch.floats([])
}

/// Rows of one of the kinds that are stored, one after another.
enum RowBatch: Sendable {
  case floats([Float])
  case halves([UInt16])
  /// One for each part of the codec.
  case codes([CodedRows])
}

/// What turns keys, or values, into rows.
struct RowWriter: Sendable {
  let codec: KeyOrValueCodec?
  let precision: KVPrecision
  let sinks: Int
  let window: Int
  /// Whether vectors pass through float16.
  let rounds: Bool
  /// How the mean that is subtracted turns at the positions of the next rows, if it does.
  let turns: RotaryTurns?
  let kernels: Kernels

  /// The stored rows of vectors at consecutive positions, without the centre.
  func rows(
    of vectors: Span<Float>, centre: [Float], _ channels: [UInt16]
  ) throws(CodecError) -> RowBatch {
    guard let codec else {
      return precision == .float16
        ? .halves(kernels.halves(of: vectors)) : .floats(vectors.copied())
    }
    guard !centre.isEmpty else { return .codes(try codec.rows(of: vectors, channels)) }
    var differences = vectors.copied()
    var turned = centre
    for (row, start) in stride(from: 0, to: vectors.count, by: centre.count).enumerated() {
      turns?.turn(centre, row: row, into: &turned)
      for i in turned.indices { differences[start + i] -= turned[i] }
    }
    return .codes(try codec.rows(of: differences.span, channels))
  }
}
