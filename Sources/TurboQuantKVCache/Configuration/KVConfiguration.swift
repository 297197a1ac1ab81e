/// What a cache keeps, and how exactly.
public struct KVConfiguration: Sendable, Hashable {
  /// Heads and dimensions.
  public var shape: KVShape
  /// How keys are kept.
  public var keys: KVPrecision
  /// How values are kept.
  public var values: KVPrecision
  /// How many of the first tokens stay float16: attention gives them much weight.
  ///
  /// Float16 ends at 65,504; an append refuses numbers of 65,520 and more. Below 6.1 · 10⁻⁵ it has steps of
  /// 6 · 10⁻⁸: smaller numbers keep fewer digits, and from 3 · 10⁻⁸ down they become 0. With sinks or a window
  /// every token passes through float16, those that become codes too.
  public var sinks = 0
  /// How many of the latest tokens stay float16, in the range that ``sinks`` describes.
  public var window = 0
  /// How many tokens a query sees, its own included, beside the sinks; all if nil.
  ///
  /// Pages of older tokens are forgotten.
  public var slidingWindow: Int?
  /// What is subtracted before keys and values become codes, and added back exactly.
  public var centering = KVCentering.none
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
  /// the layers between, which this configuration describes.
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
    }
    return configuration
  }
}
