/// Splits text into the pieces within which tokens are merged.
///
/// The files contain a regular expression. The expressions in use differ in few points, so this code
/// matches them by hand and needs no regular expression engine. As the expressions demand, the first
/// alternative that matches at a place is taken. Letters and digits that Unicode added after a tokenizer's
/// own tables were made already count as letters and digits here: 4,657 scalars of Unicode 17, most of them
/// ideographs, where the reference has Unicode 16. All other scalars have the same class as in the
/// reference.
struct WordSplitter: Hashable, Sendable {
  /// The characters that may precede a word's letters.
  enum Prefix { case space, anyButLetterDigitBreak }

  /// Whether contractions such as `'s` and `'t` are also recognized in capitals.
  let ignoresCaseOfContractions: Bool
  let wordPrefix: Prefix
  /// The largest number of digits per piece; nil for no limit, where a space may precede the digits.
  let digits: Int?
  /// Whether line breaks belong to the punctuation before them and end runs of spaces.
  let keepsLineBreaks: Bool

  /// GPT-2's expression.
  ///
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  static let gpt2 = WordSplitter(
    ignoresCaseOfContractions: false, wordPrefix: .space, digits: nil, keepsLineBreaks: false)

  /// The expressions of files with a `Split`.
  static let byPattern: [ExactText: WordSplitter] = [
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
    ExactText(newer(#"\p{N}{1,3}"#)): later(digits: 3),  // Llama 3
    ExactText(newer(#"\p{N}"#)): later(digits: 1),  // Qwen2
  ]

  private static func newer(_ digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  private static func later(digits: Int) -> WordSplitter {
    WordSplitter(
      ignoresCaseOfContractions: true, wordPrefix: .anyButLetterDigitBreak, digits: digits,
      keepsLineBreaks: true)
  }

  /// The lengths, in scalars, of the pieces of a text.
  func lengths(_ text: [CharacterClass.Classified]) -> [Int] {
    var lengths: [Int] = []
    var position = 0
    while position < text.count {
      let length = pieceLength(text[position...])
      lengths.append(length)
      position += length
    }
    return lengths
  }

  private func pieceLength(_ text: ArraySlice<CharacterClass.Classified>) -> Int {
    contraction(text) ?? word(text) ?? number(text) ?? punctuation(text) ?? spaces(text)
  }

  private func contraction(_ text: ArraySlice<CharacterClass.Classified>) -> Int? {
    guard text.first?.scalar == "'" else { return nil }
    let letters = text.dropFirst().prefix(2).map { item -> Unicode.Scalar in
      guard ignoresCaseOfContractions else { return item.scalar }
      // The long s folds to s; no other scalar beyond ASCII folds to one of these letters.
      if item.scalar == "\u{17f}" { return "s" }
      return item.scalar.isASCII
        ? item.scalar.properties.lowercaseMapping.unicodeScalars.first ?? item.scalar
        : item.scalar
    }
    guard let first = letters.first else { return nil }
    if ["s", "t", "m", "d"].contains(first) { return 2 }
    guard letters.count == 2 else { return nil }
    let pairs: [[Unicode.Scalar]] = [["r", "e"], ["v", "e"], ["l", "l"]]
    return pairs.contains(letters) ? 3 : nil
  }

  private func word(_ text: ArraySlice<CharacterClass.Classified>) -> Int? {
    guard let first = text.first else { return nil }
    let prefixed =
      switch wordPrefix {
      case .space: first.scalar == " "
      case .anyButLetterDigitBreak:
        first.kind != .letter && first.kind != .digit && !first.isLineBreak
      }
    let prefix = prefixed ? 1 : 0
    let letters = run(text.dropFirst(prefix)) { $0.kind == .letter }
    return letters > 0 ? prefix + letters : nil
  }

  private func number(_ text: ArraySlice<CharacterClass.Classified>) -> Int? {
    let prefix = digits == nil && text.first?.scalar == " " ? 1 : 0
    let length = run(text.dropFirst(prefix)) { $0.kind == .digit }
    return length > 0 ? prefix + min(length, digits ?? length) : nil
  }

  private func punctuation(_ text: ArraySlice<CharacterClass.Classified>) -> Int? {
    let prefix = text.first?.scalar == " " ? 1 : 0
    let length = run(text.dropFirst(prefix)) { $0.kind == .other }
    guard length > 0 else { return nil }
    guard keepsLineBreaks else { return prefix + length }
    return prefix + length + run(text.dropFirst(prefix + length), while: \.isLineBreak)
  }

  private func spaces(_ text: ArraySlice<CharacterClass.Classified>) -> Int {
    let length = run(text) { $0.kind == .space }
    let run = text.prefix(length)
    if keepsLineBreaks, let last = run.lastIndex(where: \.isLineBreak) {
      return last - text.startIndex + 1
    }
    // The last space of a run belongs to the piece that follows.
    return length < text.count && length > 1 ? length - 1 : length
  }

  private func run(
    _ text: ArraySlice<CharacterClass.Classified>,
    while condition: (CharacterClass.Classified) -> Bool
  ) -> Int {
    (text.firstIndex { !condition($0) } ?? text.endIndex) - text.startIndex
  }
}

/// The classes of scalars that the expressions distinguish.
enum CharacterClass {
  case letter, digit, space, other

  /// A scalar and its class.
  struct Classified {
    let scalar: Unicode.Scalar
    let kind: CharacterClass
    var isLineBreak: Bool { scalar == "\r" || scalar == "\n" }

    init(_ scalar: Unicode.Scalar) {
      self.scalar = scalar
      kind = CharacterClass(scalar)
    }
  }

  init(_ scalar: Unicode.Scalar) {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      self = .letter
    case .decimalNumber, .letterNumber, .otherNumber:
      self = .digit
    default:
      self = scalar.properties.isWhitespace ? .space : .other
    }
  }
}
