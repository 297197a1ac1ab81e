/// Which lengths a codec keeps.
public enum Normalization: UInt8, Sendable, Hashable, CaseIterable {
  /// Every row stores its norm.
  case norm = 1
  /// Rows are taken as directions, with norm 1 and nothing stored: the cosine metric.
  case unit = 2
}
