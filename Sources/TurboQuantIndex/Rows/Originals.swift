/// Vectors kept beside their codes, so that the best results can be compared exactly.
public enum Originals: UInt8, Sendable, Hashable, CaseIterable {
  /// Rounded to float16, two bytes per coordinate; vectors that float16 cannot hold are refused.
  case float16 = 2
  /// Unchanged, four bytes per coordinate.
  case float32 = 4
}
