/// How the sketch directions J are built from their seed.
public enum SketchKind: UInt8, Sendable, Hashable, CaseIterable {
  /// Independent standard normal entries: the paper's J (TurboQuant, Algorithm 2).
  case gaussian = 1
  /// Rows of Haar-distributed orthogonal matrices, scaled by √d; blocks of d rows.
  ///
  /// It varies less than ``gaussian``: at m = d the variance factor is π/2 − 1 instead of π/2.
  case orthogonal = 2
  /// Rows of randomized Hadamard rotations, scaled by √d: O(d log d), the default.
  ///
  /// It behaves like ``orthogonal``, but is only approximately unbiased; Documentation/Numerics.md
  /// says how small the bias is. Up to 64 dimensions it is the orthogonal sketch.
  case structured = 3
}
