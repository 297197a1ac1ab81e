// Embedded Swift has no Codable.
#if !hasFeature(Embedded)
  extension Decoder {
    /// The case of `Kind` with the name that is stored here.
    ///
    /// Names are stored, not the numbers of a codec's record: they can be read, and written by hand.
    package func named<Kind: CaseIterable>(_ what: String, _ name: (Kind) -> String) throws -> Kind
    {
      let container = try singleValueContainer()
      let found = try container.decode(String.self)
      guard let kind = Kind.allCases.first(where: { name($0) == found }) else {
        let names = Kind.allCases.map { "“\(name($0))”" }.joined(separator: ", ")
        throw refusal("“\(found)” is no \(what), expected one of \(names)")
      }
      return kind
    }

    /// The error for a value that has the right type and is impossible.
    package func refusal(_ problem: String, _ error: (any Error)? = nil) -> DecodingError {
      .dataCorrupted(
        DecodingError.Context(
          codingPath: codingPath, debugDescription: problem, underlyingError: error))
    }

    /// Runs `body`; what a codec refuses becomes a decoding error with the same words.
    package func refusing<R>(_ body: () throws(CodecError) -> R) throws(DecodingError) -> R {
      do {
        return try body()
      } catch {
        throw refusal(error.description, error)
      }
    }
  }

  extension Encoder {
    /// Writes the name of a case.
    package func write(_ name: String) throws {
      var container = singleValueContainer()
      try container.encode(name)
    }
  }
#endif
