internal import TurboQuant
package import TurboQuantKernels

/// What all caches of one configuration share: rotations, codebooks, kernels.
///
/// Caches of many sequences, and of all layers of equal shape, use one codec.
public struct KVCodec: Sendable {
  /// What the caches keep.
  public let configuration: KVConfiguration
  /// The codecs of keys and of values; nil if these stay floats.
  let keyCodec: KeyOrValueCodec?
  let valueCodec: KeyOrValueCodec?
  /// The metric of each key/value head's keys; empty if there is no equalization.
  let keyMetrics: [KeyMetric]
  /// The embedding of a rotary mean, if keys have one.
  let rotaryPage: RotaryPage?
  /// The kernels of the target in use; tests put another target's here.
  package var kernels: Kernels

  /// Creates the codec of a configuration.
  ///
  /// - Throws: ``KVCacheError`` for impossible heads or dimensions, a rate that the
  ///   quantizer does not offer, or settings that contradict each other.
  /// - Complexity: As `Codec`'s initializer, for keys and for values; O(d³) per head to equalize by matrices.
  public init(_ configuration: KVConfiguration) throws(KVCacheError) {
    try configuration.check()
    self.configuration = configuration
    rotaryPage = configuration.centering.rotary.map { RotaryPage($0) }
    keyMetrics =
      configuration.equalization.map { equalization in
        equalization.heads.map { KeyMetric($0, equalization.kind, equalization.dimension) }
      } ?? []
    let shape = configuration.shape
    // Values have their own random stream: not that of keys, and not that of a neighbouring seed.
    let seeds = (configuration.seed, configuration.seed ^ 0x7661_6C75_6573_0000)
    keyCodec = try KVCodec.keyOrValueCodec(
      configuration.keys, dimension: shape.keyDimension, seed: seeds.0, name: "keys")
    valueCodec = try KVCodec.keyOrValueCodec(
      configuration.values, dimension: shape.valueDimension, seed: seeds.1, name: "values")
    if let valueCodec, !valueCodec.isScalar {
      throw KVCacheError(
        .notOffered,
        "values take the scalar quantizer only, not \(valueCodec.channelGroups[0].codec.quantizer.name): they are "
          + "added up before they are rotated back")
    }
    do throws(KernelTargetError) {
      kernels = try Kernels.chosen()
    } catch {
      throw KVCacheError(
        CodecError(.targetUnavailable(name: error.name, available: error.available)), "kernels")
    }
  }

  private static func keyOrValueCodec(
    _ precision: KVPrecision, dimension: Int, seed: UInt64, name: String
  ) throws(KVCacheError) -> KeyOrValueCodec? {
    let groups: [(dimension: Int, rate: Rate, kind: Quantizer)]
    var chosen: Estimator?
    switch precision {
    case .float32, .float16: return nil
    case .codes(let rate, let quantizer, let estimator):
      (groups, chosen) = ([(dimension, rate, quantizer)], estimator)
    case .outliers(let bits, let estimator):
      let count = dimension / 4
      guard count > 0, (1...7).contains(bits) else {
        throw KVCacheError(
          .notOffered,
          "\(name): outliers of \(dimension) channels at \(bits) bits, expected at least 4 channels and "
            + "1 … 7 bits")
      }
      groups = [(count, .bits(bits + 1), .scalar), (dimension - count, .bits(bits), .scalar)]
      chosen = estimator
    case .sketches(let directions, let outliers, let outlierDirections, let sketch):
      guard (1..<dimension).contains(outliers) else {
        throw KVCacheError(
          .notOffered,
          "\(name): \(outliers) outliers of \(dimension) channels, expected 1 … \(dimension - 1)")
      }
      groups = [(outliers, outlierDirections), (dimension - outliers, directions)].map {
        ($0.0, .bits(1), .qjl(sketch: sketch, directions: $0.1))
      }
    }
    do throws(CodecError) {
      var codecs: [ChannelGroupCodec] = []
      for (number, group) in groups.enumerated() {
        // Outliers and others have separate rotations.
        let codec = try Codec(
          dimension: group.dimension, rate: group.rate, quantizer: group.kind,
          seed: seed ^ UInt64(number) << 56)
        let estimator = chosen ?? codec.standardEstimator
        guard (estimator == .twoStage) == (codec.sketch != nil), codec.offers(estimator) else {
          throw CodecError(
            .estimatorNotOffered(estimator: estimator.rawValue, quantizer: group.kind.name))
        }
        codecs.append(ChannelGroupCodec(codec, estimator, transposed: name == "values"))
      }
      return KeyOrValueCodec(codecs)
    } catch {
      throw KVCacheError(error, name)
    }
  }
}
