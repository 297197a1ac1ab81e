/// Whether a codec stores the norms of its rows.
public enum Normalization: UInt8, Sendable, Hashable, CaseIterable {
  /// Every row stores its norm.
  case norm = 1
  /// Every row counts as a direction of norm 1, and no norm is stored: the cosine metric.
  case unit = 2
}
