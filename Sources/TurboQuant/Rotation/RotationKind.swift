/// How a rotation is built from its seed.
public enum RotationKind: UInt8, Sendable, Hashable, CaseIterable {
  /// A uniformly random orthogonal matrix: Q of the QR factorisation of a Gaussian matrix.
  ///
  /// d² memory and d² operations a vector. The default for d ≤ 64, where few coordinates give
  /// Hadamard steps too little to mix.
  case haar = 1
  /// Random signs, Walsh–Hadamard transforms and plane rotations that mix the whole vector.
  ///
  /// O(d) memory and O(d log d) operations a vector, without padding. Needs d > 64.
  case hadamard = 2

  /// The kind used when none is asked for.
  public static func standard(dimension: Int) -> RotationKind {
    dimension <= 64 ? .haar : .hadamard
  }
}
