/// Cuts texts into windows for evaluation.
public enum Windows {
  /// The longest window.
  public static let longest: Int = 1_024

  /// Full windows of a text, each preceded by the tokens that begin a text; a remainder is left out.
  public static func cut(
    _ text: String, tokenizer: Tokenizer, length: Int
  ) -> [[Int]] {
    let beginning = tokenizer.beginning
    let body = length - beginning.count
    guard body > 0 else { return [] }
    let tokens = tokenizer.encode(text, addingSpecialTokens: false)
    return stride(from: 0, through: tokens.count - body, by: body).map {
      beginning + tokens[$0..<$0 + body]
    }
  }
}
