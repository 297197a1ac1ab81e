// What a search returns, and how sure it is.

internal import TurboQuant

extension RowTag: Codable {
  /// Reads a text, or an array of bytes.
  ///
  /// - Throws: `DecodingError` for anything else.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self.init(text)
    } else {
      self.init(bytes: try container.decode([UInt8].self))
    }
  }

  /// Writes the text, or an array of bytes if they are not UTF-8.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let text { try container.encode(text) } else { try container.encode(bytes) }
  }
}

/// An object with id, tag, score, standard error, and the terms of the interval.
///
/// The standard error is written for readers in other languages; here it is computed again from the terms.
extension Hit: Codable {
  private enum Key: String, CodingKey {
    case id, tag, score, standardError, error
  }

  /// Reads a hit.
  ///
  /// - Throws: `DecodingError` for numbers that are not finite, or intervals that end before they begin.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    let score = try object.decode(Float.self, forKey: .score)
    guard score.isFinite else { throw decoder.refusal("the score is \(score)") }
    self.init(
      try object.decode(UInt64.self, forKey: .id),
      try object.decodeIfPresent(RowTag.self, forKey: .tag), score,
      try object.decodeIfPresent(EstimateError.self, forKey: .error))
  }

  /// Writes a hit.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(id, forKey: .id)
    try object.encodeIfPresent(tag, forKey: .tag)
    try object.encode(score, forKey: .score)
    try object.encodeIfPresent(standardError, forKey: .standardError)
    try object.encodeIfPresent(error, forKey: .error)
  }
}

/// The word “exhaustive”, or an object with the failure probability of a certified search.
extension Exactness: Codable {
  private enum Key: String, CodingKey {
    case failureProbability
  }

  private static let exhaustiveWord = "exhaustive"

  /// Reads how sure a search is to be.
  ///
  /// - Throws: `DecodingError` for another word, or a number that is no probability.
  public init(from decoder: any Decoder) throws {
    if let word = try? decoder.singleValueContainer().decode(String.self) {
      guard word == Exactness.exhaustiveWord else {
        throw decoder.refusal("“\(word)”, expected “\(Exactness.exhaustiveWord)” or an object")
      }
      self = .exhaustive
      return
    }
    let object = try decoder.container(keyedBy: Key.self)
    let probability = try object.decode(Double.self, forKey: .failureProbability)
    guard (0...1).contains(probability) else {
      throw decoder.refusal("the failure probability is \(probability), expected 0 … 1")
    }
    self = .certified(failureProbability: probability)
  }

  /// Writes how sure a search is to be.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .exhaustive:
      var container = encoder.singleValueContainer()
      try container.encode(Exactness.exhaustiveWord)
    case .certified(let probability):
      var object = encoder.container(keyedBy: Key.self)
      try object.encode(probability, forKey: .failureProbability)
    }
  }
}
