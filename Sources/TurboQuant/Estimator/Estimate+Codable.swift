// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  /// An object with the value, its standard error, and the terms of the interval.
  ///
  /// The standard error is written for readers in other languages; here it is computed again from
  /// the terms.
  extension Estimate: Codable {
    private enum Key: String, CodingKey {
      case value, standardError, error
    }

    /// Reads an estimate.
    ///
    /// - Throws: `DecodingError` for numbers that are not finite, or intervals that end before they begin.
    public init(from decoder: any Decoder) throws {
      let object = try decoder.container(keyedBy: Key.self)
      let value = try object.decode(Double.self, forKey: .value)
      guard value.isFinite else { throw decoder.refusal("the value is \(value)") }
      self.init(value, try object.decode(EstimateError.self, forKey: .error))
    }

    /// Writes an estimate.
    ///
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
      var object = encoder.container(keyedBy: Key.self)
      try object.encode(value, forKey: .value)
      try object.encode(standardError, forKey: .standardError)
      try object.encode(error, forKey: .error)
    }
  }

  /// Ends that are infinite are left out, because JSON has no infinities.
  extension EstimateError: Codable {
    private enum Key: String, CodingKey {
      case offset, slope, cosine, across, along, rounding
      case lowestCosine, highestCosine, lowest, highest
    }

    package init(from decoder: any Decoder) throws {
      let object = try decoder.container(keyedBy: Key.self)
      func number(_ key: Key, or missing: Double? = nil) throws -> Double {
        let found = try object.decodeIfPresent(Double.self, forKey: key) ?? missing
        let number = try found ?? object.decode(Double.self, forKey: key)
        guard number.isFinite || number == missing else {
          throw decoder.refusal("\(key.rawValue) is \(number)")
        }
        return number
      }
      func range(_ low: Double, _ high: Double, _ what: String) throws -> ClosedRange<Double> {
        guard low <= high else { throw decoder.refusal("the \(what) ends before it begins") }
        return low...high
      }
      self.init(
        offset: try number(.offset), slope: try number(.slope), cosine: try number(.cosine),
        CosineError(across: try number(.across), along: try number(.along)),
        rounding: try number(.rounding),
        possible: try range(
          number(.lowestCosine), number(.highestCosine), "range of possible cosines"),
        range: try range(
          number(.lowest, or: -.infinity), number(.highest, or: .infinity),
          "range of possible estimates"))
    }

    package func encode(to encoder: any Encoder) throws {
      var object = encoder.container(keyedBy: Key.self)
      try object.encode(offset, forKey: .offset)
      try object.encode(slope, forKey: .slope)
      try object.encode(cosine, forKey: .cosine)
      try object.encode(error.across, forKey: .across)
      try object.encode(error.along, forKey: .along)
      try object.encode(rounding, forKey: .rounding)
      try object.encode(possible.lowerBound, forKey: .lowestCosine)
      try object.encode(possible.upperBound, forKey: .highestCosine)
      if range.lowerBound.isFinite { try object.encode(range.lowerBound, forKey: .lowest) }
      if range.upperBound.isFinite { try object.encode(range.upperBound, forKey: .highest) }
    }
  }
#endif
