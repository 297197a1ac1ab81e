package import TurboQuant

extension Theory {
  /// Result 7: random numbers that both sides can draw from a seed need not be stored.
  ///
  /// A row holds its codes and a few scalars; rotation and directions are drawn again from eight bytes.
  ///
  /// - Throws: ``CodecError`` when `TQ_TARGET` names a target that cannot run here.
  package func sharedRandomness() throws(CodecError) -> TheoryResult {
    let d = 384
    var comparisons: [Comparison] = []
    for (quantizer, scalars) in [
      (Quantizer.scalar, 2), (.twoStage(), 3), (.qjl(), 1),
    ] {
      let codec = try Codec(dimension: d, rate: .bits(4), quantizer: quantizer, seed: seed)
      let spike = Self.pair(dimension: d, cosine: 0.6).q
      let codes = try codec.encode(spike.span)
      comparisons.append(
        Comparison(
          "bytes of a row, \(quantizer.name), 4 bits, d = \(d)",
          predicted: Double(d * 4 / 8 + 4 * scalars), measured: Double(codes.bytes.count)))
      let again = try Codec(dimension: d, rate: .bits(4), quantizer: quantizer, seed: seed)
      let differing = zip(codes.bytes, try again.encode(spike.span).bytes).reduce(0) {
        $0 + ($1.0 == $1.1 ? 0 : 1)
      }
      comparisons.append(
        Comparison(
          "bytes that differ after regenerating, \(quantizer.name)", predicted: 0,
          measured: Double(differing)))
    }
    return TheoryResult(
      7, "Shared randomness",
      "Nothing but the seed is stored for rotation and directions, however many rows there are.",
      comparisons, figures: Self.storage(dimension: d))
  }

  /// Bytes that other schemes of about four bits store per vector, and once for all vectors.
  private static func storage(dimension d: Int) -> [TheoryFigure] {
    let count = Double(d)
    return [
      TheoryFigure("shared by all rows, a seed", 8),
      TheoryFigure("shared if a Haar rotation were stored (d² float32)", 4 * count * count),
      TheoryFigure("a row of float32", 4 * count),
      TheoryFigure("a row of QJL, 4 signs a coordinate and a float32 norm", count / 2 + 4),
      TheoryFigure(
        "a row of PolarQuant (4, 2, 2, 2 bits, float16 radii) and a float32 norm",
        count * 62 / 16 / 8 + 4),
      TheoryFigure("a row of product quantization, 8 bits for each 2 coordinates", count / 2),
      TheoryFigure("its trained codebooks, 256 centroids, shared", 256 * count * 4),
      TheoryFigure(
        "a row of group-wise int4, a float16 scale and zero for each 32",
        count / 2 + count / 32 * 4),
    ]
  }
}
