/// How a rotation is built from its seed.
public enum RotationKind: UInt8, Sendable, Hashable, CaseIterable {
  /// A uniformly random orthogonal matrix: Q of the QR factorisation of a Gaussian matrix.
  ///
  /// It takes d² memory and d² operations per vector. It is the default for d ≤ 64, where Hadamard
  /// steps have too few coordinates to mix.
  case haar = 1
  /// Random signs, Walsh–Hadamard transforms and plane rotations that mix the whole vector.
  ///
  /// It takes O(d) memory and O(d log d) operations per vector, without padding. It needs d > 64.
  case hadamard = 2

  /// The default kind for a dimension.
  public static func standard(forDimension dimension: Int) -> RotationKind {
    dimension <= 64 ? .haar : .hadamard
  }
}
