// A query between the caller's floats and the scan.

internal import TurboQuant

/// A query with everything that similarities and errors need of it.
struct PreparedQuery: Sendable {
  /// As the caller gave it.
  let vector: [Float]
  /// Its length; for distances that of the query without the centre.
  let norm: Double
  /// Rotated, as rows meet it.
  let rotated: Query
  let law: KeyLaw

  init(_ vector: [Float], _ index: VectorIndex) throws(CodecError) {
    let centered = index.centers.centered(query: vector)
    self.vector = vector
    rotated = try index.codec.prepare(centered.vector.span)
    norm = centered.norm ?? rotated.norm
    let constants = centered.constants
    switch index.metric {
    case .cosine where !index.centers.areProductsWithDirections(index.metric):
      law = KeyLaw(scale: rotated.norm > 0 ? 1 : 0, normFactor: 0, constant: 0)
    case .innerProduct, .cosine:
      law = KeyLaw(
        scale: rotated.norm, normFactor: 0, constant: constants.product,
        meanShare: constants.component)
    case .squaredEuclidean:
      law = KeyLaw(scale: 2 * rotated.norm, normFactor: 1, constant: -rotated.norm * rotated.norm)
    }
  }
}
