internal import TurboQuant
internal import TurboQuantKernels

/// The keys, or the values, of one head, in the order of their tokens: sinks, stored rows, window.
struct HeadVectors: Sendable {
  let dimension: Int
  /// Rows of the first tokens.
  var sinks: ExactRows
  /// Rows of the tokens between sinks and window.
  var stored: StoredRows
  /// How many tokens after the sinks a sliding window has forgotten.
  var forgotten = 0
  /// Rows of the latest tokens, the oldest first; all beyond the sinks while they wait for a centre.
  var window: ExactRows
  /// In what metric vectors become codes; nil for theirs as they come.
  var metric: KeyMetric?
  /// What is subtracted before vectors become codes; empty if nothing is, or not yet known.
  var center: [Float] = []
  /// The channels in the order of the codec's groups; empty if there is one group, or not yet known.
  var channels: [UInt16] = []

  init(
    dimension: Int, precision: KVPrecision, _ codec: KeyOrValueCodec?, _ format: ExactFormat
  ) {
    self.dimension = dimension
    (sinks, window) = (ExactRows(format), ExactRows(format))
    switch precision {
    case .float32: stored = .floats(Pages(width: dimension))
    case .float16: stored = .float16s(Pages(width: dimension))
    case .codes, .outliers, .sketches:
      guard let codec else { preconditionFailure("codes without a codec") }
      stored = .codes(codec.channelGroups.map { _ in CodePages() }, codec)
    }
  }

  var sinkCount: Int { sinks.count / dimension }
  var windowCount: Int { window.count / dimension }
  /// The token of the first stored row.
  var storedStart: Int { sinkCount + forgotten }

  /// How many of the next tokens become sinks: none once a token lies beyond them.
  func sinksToCome(_ configured: Int) -> Int {
    let isLast = stored.count == 0 && window.count == 0 && forgotten == 0
    return isLast ? max(0, configured - sinkCount) : 0
  }

  /// Makes float32 of the exact rows.
  mutating func widen(_ kernels: Kernels) {
    sinks.widen(kernels)
    window.widen(kernels)
  }

  /// Drops all tokens from `count` on; what became a code stays one.
  mutating func truncate(to count: Int) {
    let (sinkCount, storedStart) = (sinkCount, storedStart)
    let windowStart = storedStart + stored.count
    window.truncate(to: max(0, min(windowCount, count - windowStart)) * dimension)
    if count < windowStart { stored.truncate(to: max(0, count - storedStart)) }
    if count <= sinkCount {
      sinks.truncate(to: count * dimension)
      forgotten = 0
    }
  }
}
