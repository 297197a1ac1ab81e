// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// `tokenizer.json` as it is written, as far as it bears on byte-level byte pair encoding.
struct TokenizerFile: Decodable {
  let model: Model
  let added_tokens: [AddedToken]?
  let normalizer: Component?
  let pre_tokenizer: Component?
  let post_processor: Component?
  let decoder: Component?

  struct Model: Decodable {
    let type: String?
    let vocab: [String: Int]
    let merges: [Merge]
    let dropout: Double?
    let continuing_subword_prefix: String?
    let end_of_word_suffix: String?
    let byte_fallback: Bool?
    let ignore_merges: Bool?
  }

  /// A pair, written as a list or with a space between.
  struct Merge: Decodable {
    let left: String
    let right: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      let list = try? container.decode([String].self)
      let parts =
        try list
        ?? container.decode(String.self).split(separator: " ", omittingEmptySubsequences: false)
        .map(String.init)
      guard parts.count == 2 else {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "a merge of \(parts.count) parts")
      }
      (left, right) = (parts[0], parts[1])
    }
  }

  struct AddedToken: Decodable {
    let id: Int
    let content: String
    let special: Bool
    let single_word: Bool?
    let lstrip: Bool?
    let rstrip: Bool?
  }

  /// A normalizer, pre-tokenizer, post-processor or decoder.
  struct Component: Decodable {
    let type: String
    let pretokenizers: [Component]?
    let processors: [Component]?
    let normalizers: [Component]?
    let decoders: [Component]?
    let pattern: Pattern?
    let behavior: String?
    let invert: Bool?
    let add_prefix_space: Bool?
    let use_regex: Bool?
    let single: [TemplatePart]?
    let special_tokens: [String: TemplateToken]?

    /// The component, or those it is a sequence of.
    var parts: [Component] {
      guard type == "Sequence" else { return [self] }
      return (pretokenizers ?? processors ?? normalizers ?? decoders ?? []).flatMap(\.parts)
    }
  }

  struct Pattern: Decodable {
    let Regex: String?
    let String: String?
  }

  /// A place of a template: a special token, or the text.
  struct TemplatePart: Decodable {
    let SpecialToken: Name?
    let Sequence: Name?

    struct Name: Decodable { let id: String }
  }

  struct TemplateToken: Decodable { let ids: [Int] }
}
