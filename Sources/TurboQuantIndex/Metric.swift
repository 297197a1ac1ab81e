/// What makes two vectors near.
public enum Metric: UInt8, Sendable, Hashable, CaseIterable {
  /// The inner product ⟨x, q⟩; more is nearer.
  case innerProduct = 1
  /// The cosine ⟨x, q⟩/‖x‖‖q‖; more is nearer.
  case cosine = 2
  /// The squared Euclidean distance ‖x − q‖²; less is nearer.
  case squaredEuclidean = 3

  /// Whether a smaller score is nearer.
  public var isDistance: Bool { self == .squaredEuclidean }
}

/// How sure a search is to find what a scan of every code would find.
public enum Exactness: Sendable, Hashable {
  /// Every code is read whole.
  case exhaustive
  /// Codes are read whole only where their first bits leave a chance.
  ///
  /// For a query that does not depend on the seed, the result equals the exhaustive one with
  /// probability at least 1 − `failureProbability` over the rotation. Documentation/Numerics.md
  /// derives the bound. One-bit, two-stage and very short codes are always read whole,
  /// and so are indexes of up to 2 MiB of codes beside their signs.
  case certified(failureProbability: Double = 1e-3)
}

/// One result of a search.
public struct Hit: Sendable, Hashable {
  /// The row's id.
  public let id: UInt64
  /// The estimated inner product, cosine or squared distance; exact where originals were compared.
  public let score: Float
  /// The standard error of the score, where it was asked for; 0 where the score is exact.
  public let standardError: Float?

  /// Creates a hit.
  public init(id: UInt64, score: Float, standardError: Float? = nil) {
    self.id = id
    self.score = score
    self.standardError = standardError
  }
}

/// Which rows a search may return.
public enum Filter: Sendable {
  /// Rows with these ids; unknown ids are ignored.
  case ids(Set<UInt64>)
  /// Rows whose id satisfies a predicate, asked once for each row of the index.
  case predicate(@Sendable (UInt64) -> Bool)
}

/// Vectors kept beside their codes, so that the best results can be compared exactly.
public enum Originals: UInt8, Sendable, Hashable, CaseIterable {
  /// Rounded to IEEE half precision: two bytes a coordinate.
  case float16 = 2
  /// As they came: four bytes a coordinate.
  case float32 = 4
}
