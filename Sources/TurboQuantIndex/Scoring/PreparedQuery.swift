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
  let formula: SimilarityFormula

  init(_ vector: [Float], _ index: VectorIndex) throws(CodecError) {
    let centered = index.centers.centered(query: vector)
    self.vector = vector
    rotated = try index.codec.prepare(centered.vector.span)
    norm = centered.norm ?? rotated.norm
    formula = SimilarityFormula(
      index.metric, queryNorm: rotated.norm, index.centers, centered.constants)
  }
}
