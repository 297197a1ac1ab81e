/// How the sketch directions J are built from their seed.
public enum SketchKind: UInt8, Sendable, Hashable, CaseIterable {
  /// Independent standard normal entries: the paper's J (TurboQuant, Algorithm 2).
  case gaussian = 1
  /// Rows of Haar-distributed orthogonal matrices, scaled by √d; blocks of d rows.
  ///
  /// Varies less than ``gaussian``: variance factor π/2 − 1 in place of π/2 at m = d.
  case orthogonal = 2
  /// Rows of randomized Hadamard rotations, scaled by √d: O(d log d), the default.
  ///
  /// Behaves as ``orthogonal`` and is only approximately unbiased; Documentation/Numerics.md says
  /// by how little. Up to 64 dimensions it is the orthogonal sketch.
  case structured = 3
}
