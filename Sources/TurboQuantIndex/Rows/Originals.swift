/// Vectors kept beside their codes, so that the best results can be compared exactly.
public enum Originals: UInt8, Sendable, Hashable, CaseIterable {
  /// Rounded to IEEE half precision, two bytes a coordinate; vectors that it cannot hold are refused.
  case float16 = 2
  /// As they came: four bytes a coordinate.
  case float32 = 4
}
