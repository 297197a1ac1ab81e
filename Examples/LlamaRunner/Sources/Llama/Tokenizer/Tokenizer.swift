public import Foundation

/// Turns text into a model's tokens and back: byte-level byte pair encoding.
public struct Tokenizer: Sendable {
  /// The bytes that each token stands for; nil for numbers that are not tokens.
  let bytes: [[UInt8]?]
  /// The tokens that are not only added ones, by their bytes.
  let tokenOfBytes: [[UInt8]: Int]
  let tokenOfByte: [Int]
  let merger: PairMerger
  /// Whether a piece that is a token as a whole is taken without merging.
  let takesWholePieces: Bool
  let splitter: WordSplitter
  /// Whether text is first converted to Unicode's normalization form C.
  let normalizes: Bool
  /// The tokens searched for in the text as it is, and those searched for in the normalized rest.
  let (addedToText, addedToNormalized): (AddedTokens, AddedTokens)
  /// Tokens that are not text.
  let special: Set<Int>
  /// The tokens that the model expects before and after a text.
  let (prefix, suffix): ([Int], [Int])

  /// Reads `tokenizer.json`.
  ///
  /// Throws `CheckpointError` when the file cannot be read, and for a component that is not byte-level byte
  /// pair encoding as in Llama 3 and Qwen2; the error names the component.
  public init(contentsOf url: URL) throws {
    try self.init(JSONObject(contentsOf: url))
  }

  /// Reads the bytes of a `tokenizer.json`; `file` names it in messages.
  public init(_ data: Data, file: String) throws {
    try self.init(JSONObject(data, file: file))
  }

  /// The tokens of a text.
  ///
  /// Text that looks like a special token, such as `<s>`, becomes that token.
  ///
  /// - Parameters:
  ///   - text: Any text.
  ///   - addingSpecialTokens: Whether to add the tokens that the model expects before and after a text.
  public func encode(_ text: String, addingSpecialTokens: Bool = true) -> [Int] {
    var tokens = addingSpecialTokens ? prefix : []
    var known: [[UInt8]: [Int]] = [:]
    for part in addedToText.split(Array(text.utf8)) {
      switch part {
      case .token(let token): tokens.append(token)
      case .text(let bytes): encode(normalized(bytes), &known, &tokens)
      }
    }
    return addingSpecialTokens ? tokens + suffix : tokens
  }

  private func normalized(_ text: [UInt8]) -> [UInt8] {
    normalizes ? Array(CanonicalForm.composed(String(decoding: text, as: UTF8.self)).utf8) : text
  }

  private func encode(_ text: [UInt8], _ known: inout [[UInt8]: [Int]], _ tokens: inout [Int]) {
    for part in addedToNormalized.split(text) {
      switch part {
      case .token(let token): tokens.append(token)
      case .text(let bytes):
        encode(words: String(decoding: bytes, as: UTF8.self), &known, &tokens)
      }
    }
  }

  private func encode(
    words text: String, _ known: inout [[UInt8]: [Int]], _ tokens: inout [Int]
  ) {
    let scalars = text.unicodeScalars.map { CharacterClass.Classified($0) }
    var position = 0
    for length in splitter.lengths(scalars) {
      let piece = scalars[position..<position + length].flatMap { Array($0.scalar.utf8) }
      position += length
      if let found = known[piece] {
        tokens += found
      } else {
        let found = encode(piece: piece)
        known[piece] = found
        tokens += found
      }
    }
  }

  private func encode(piece: [UInt8]) -> [Int] {
    if takesWholePieces, let token = tokenOfBytes[piece] { return [token] }
    return merger.merge(piece.map { tokenOfByte[Int($0)] })
  }

  /// The bytes of tokens; the bytes of part of a text may end inside a character.
  ///
  /// - Parameters:
  ///   - tokens: The tokens; numbers that are not tokens add nothing.
  ///   - skippingSpecialTokens: Whether tokens such as `<s>` add nothing.
  public func bytes(of tokens: [Int], skippingSpecialTokens: Bool = true) -> [UInt8] {
    tokens.flatMap { token -> [UInt8] in
      guard bytes.indices.contains(token), let text = bytes[token] else { return [] }
      return skippingSpecialTokens && special.contains(token) ? [] : text
    }
  }

  /// The text of tokens; bytes that are not UTF-8 become U+FFFD.
  public func decode(_ tokens: [Int], skippingSpecialTokens: Bool = true) -> String {
    String(decoding: bytes(of: tokens, skippingSpecialTokens: skippingSpecialTokens), as: UTF8.self)
  }

  /// The tokens that the model expects before a text.
  public var beginning: [Int] { prefix }
}
