/// How exact tokens are kept: sinks, the recent window, and tokens that wait for a centre.
public enum ExactFormat: String, Sendable, Hashable, CaseIterable, Codable {
  /// IEEE binary16: 11 significant bits from 6.1 · 10⁻⁵ to 65,504, fewer below.
  case float16
  /// Unchanged.
  case float32
  /// The upper half of a float32: its range, with 8 significant bits.
  case bfloat16
}

extension KVConfiguration {
  /// The format in which an empty cache begins.
  var initialFormat: ExactFormat {
    exactTokens ?? (sinks > 0 || window > 0 ? .float16 : .float32)
  }

  /// Whether there may be exact tokens that do not just wait for a centre.
  var mayKeepExactTokens: Bool { exactTokens != nil || sinks > 0 || window > 0 }
}
