/// What a cache keeps, and how exactly.
public struct KVConfiguration: Sendable, Hashable {
  /// Heads and dimensions.
  public var shape: KVShape
  /// How keys are kept.
  public var keys: KVPrecision
  /// How values are kept.
  public var values: KVPrecision
  /// How many of the first tokens stay exact: attention gives them much weight.
  public var sinks = 0
  /// How many of the latest tokens stay exact.
  public var window = 0
  /// How exact tokens are kept; if nil, as float16 until it cannot hold a token, then as float32.
  ///
  /// Float16 cannot hold a token if, of one head, a number of its key or value is 65,520 or more, or rounding moves the
  /// key or value by more than 2⁻¹⁰ of its length, which happens to numbers below 6.1 · 10⁻⁵. From that token on, those
  /// held and to come are float32; earlier ones are converted exactly. Each token passes through the format, those that
  /// become codes at once too. With neither sinks nor a window tokens are float32 while they wait for a centre or for
  /// outlier channels. A format
  /// that is asked for stays: float16 refuses 65,520, and rounds numbers below 6.1 · 10⁻⁵ to steps of 6 · 10⁻⁸.
  public var exactTokens: ExactFormat?
  /// How many tokens a query sees, its own included, beside the sinks; all if nil.
  ///
  /// Pages of older tokens are forgotten.
  public var slidingWindow: Int?
  /// What is subtracted before keys and values become codes, and added back exactly.
  public var centering = KVCentering.none
  /// With how many tokens beyond the sinks a centre is fixed, and outlier channels are chosen; 32 if nil.
  ///
  /// Fewer tokens stay exact. A longer first append fixes both by all of its tokens.
  /// 32 are enough for vectors that have the same mean everywhere, and for a rotary mean. A constant mean of keys with
  /// rotary embedding is one over positions too, and needs more: 256 or so, where tokens come one by one.
  public var centerTokens: Int?
  /// In what metric keys become codes, found by ``KVStatistics``; their own if nil.
  ///
  /// Each layer of a model has its own, and so its own codec.
  public var equalization: KVEqualization?
  /// Scores s become `cap` · tanh(s/`cap`), as some models were trained.
  public var logitCap: Float?
  /// Learned logits, one per query head, that take part in the softmax and have no value.
  public var sinkLogits: [Float] = []
  /// Names the rotations and sketch directions; keys and values have their own streams.
  public var seed: UInt64 = 0

  /// A cache without exact tokens and without centring.
  public init(shape: KVShape, keys: KVPrecision, values: KVPrecision) {
    self.shape = shape
    self.keys = keys
    self.values = values
  }

  /// The configuration of one attention layer of several, the first and last of which differ from this one.
  ///
  /// The first and the last `boundary` layers keep `keys` and `values` as given here, often more exactly than
  /// the layers between, which this configuration describes. Keys that stay floats lose their equalization.
  ///
  /// - Parameters:
  ///   - ordinal: The number of the layer among those with attention, from 0.
  ///   - layers: How many there are.
  ///   - boundary: How many at either end differ.
  ///   - keys: How those keep keys.
  ///   - values: How those keep values.
  /// - Throws: ``KVCacheError`` when there is no such layer, or `boundary` is negative.
  public func configuration(
    forLayer ordinal: Int, of layers: Int, boundary: Int, keys: KVPrecision, values: KVPrecision
  ) throws(KVCacheError) -> KVConfiguration {
    guard ordinal >= 0, ordinal < layers, boundary >= 0 else {
      throw KVCacheError(
        .notOffered,
        "layer \(ordinal) of \(layers) with \(boundary) layers at either end, expected a layer that "
          + "exists, and no negative number")
    }
    var configuration = self
    if min(ordinal, layers - 1 - ordinal) < boundary {
      (configuration.keys, configuration.values) = (keys, values)
      // Keys that stay floats need none.
      if !keys.hasCodes { configuration.equalization = nil }
    }
    return configuration
  }
}
