import TurboQuant

/// A store of codecs already made, and of the sample vectors in their codes.
///
/// Solving a codebook takes longer than encoding hundreds of vectors.
struct CodecStore: Sendable {
  /// The sample vectors in one codec's codes.
  struct Encoded: Sendable {
    let codec: Codec
    let codes: CodeMatrix
  }

  private var codecs: [Codec] = []
  private var encoded: [Encoded] = []

  /// The scalar codec of `dimension` and `bits`; the caller sets its seed.
  ///
  /// - Throws: ``CodecError`` for a dimension or a rate that no codec has.
  mutating func codec(dimension: Int, bits: Double) throws(CodecError) -> Codec {
    guard let rate = Rate(bitsPerCoordinate: bits) else {
      preconditionFailure("\(bits) is not a rate")
    }
    if let known = codecs.first(where: { $0.dimension == dimension && $0.rate == rate }) {
      return known
    }
    let codec = try Codec(dimension: dimension, rate: rate)
    codecs.append(codec)
    return codec
  }

  /// The sample vectors encoded at `bits`; only those of the latest seed are kept.
  ///
  /// - Throws: ``CodecError`` for a rate that no codec has.
  mutating func encoded(
    _ samples: Samples, bits: Double, seed: UInt64
  ) throws(CodecError) -> Encoded {
    let codec = try codec(dimension: Samples.dimension, bits: bits).reseeded(with: seed)
    if let known = encoded.first(where: { $0.codec.fingerprint == codec.fingerprint }) {
      return known
    }
    encoded.removeAll { $0.codec.seed != seed }
    let made = Encoded(codec: codec, codes: try codec.encode(samples.rows.span))
    encoded.append(made)
    return made
  }
}
